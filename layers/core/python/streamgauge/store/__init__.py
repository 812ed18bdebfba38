"""The only makers of connections and clients: Postgres, DynamoDB, Kinesis, S3, secrets.

In: how to reach a store, how often to try again, and when to say that it is away. Not in: what is kept there and why. Any room
may call it. AWS is spoken to by hand-signed requests over kept connections: importing boto3 costs more than a whole cold start.
"""
