"""View counters: which calls of the view route count, their projection to DynamoDB, and the closing of their periods.

They feed no other figure, and no other event feeds them.
"""
