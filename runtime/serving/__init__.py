"""Serving: the edge, Ray with its replicas, and the server that starts, watches and stops them."""
