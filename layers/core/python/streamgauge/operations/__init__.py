"""What an operator asks: how the accounts stand, how the stores are, how far the consumers have come.

It reads what others write and changes nothing. Only the functions of the API call in here.
"""
