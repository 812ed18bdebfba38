"""Erasure of a person: what stands for their ids from then on, in every store.

In: finding a person's ids, replacing them in Postgres, DynamoDB and S3, and the digests by which late events are known. Not in:
when it is done (`jobs.erasure`) or who may ask for it (`functions/api/users`). The warehouse asks `tombstones` about every batch.
"""
