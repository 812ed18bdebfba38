"""The dashboard in a browser: one for all of these tests, closed after them."""
