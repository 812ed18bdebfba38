"""The database schema: numbered SQL files and their runner. Files are never changed once released, only added."""
