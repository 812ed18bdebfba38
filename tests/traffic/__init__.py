"""Made-up traffic for the tests of counting, and what the database holds after it."""
