"""What a media server offers, and what is watched of it: the catalogue, and the figures of libraries, items, genres and users.

In: the catalogue as its owner tells it (`catalogue`), its projection for the strict check of views, and reports that join it to the
history of sessions (`reports`, with the pure rules in `figures`). Not in: sessions themselves. The functions `api/catalog` and
`api/library` call it, and `deploy/migrations` for the projection.
"""
