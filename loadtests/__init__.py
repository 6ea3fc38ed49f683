"""Load tests before release: locust against the model that is about to be released, and a verdict bound to its bundle."""
