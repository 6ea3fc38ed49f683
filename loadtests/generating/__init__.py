"""Generating load: requests that begin when they are due, whatever the server does, from processes of locust."""
