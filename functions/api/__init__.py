"""Functions behind the HTTP API, and its authorizer."""
