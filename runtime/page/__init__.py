"""The page for people: what is deployed, where it came from, and a form to try it."""
