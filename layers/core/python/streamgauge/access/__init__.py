"""Who may call: sites, keys and their scopes, tokens of an issuer, the registry that ingest reads, and the daily salts.

Truth stands in Postgres (`sites`, `keys`); `registry` is its projection to DynamoDB, which is all that the door needs. Ingest,
the authorizer and the functions of the API call in here; nothing here knows of HTTP.
"""
