"""Live connections of dashboards: the ticket that opens one, what it has subscribed to, and the messages that go out.

In: tickets (`tickets`), the list of connections (`connections`), sending to them (`pushing`), the shapes of messages (`models`). Not
in: what is worth a message; the rooms of subjects say that (`live.announcing`). Uses DynamoDB and the gateway's management
endpoint alone. `pushing.push(site_id, type, payload)` is for any function whose row in the catalog says `pushes=True`.
"""
