"""What all tests share: properties have no time limit, since a busy machine breaks no law."""

from hypothesis import settings

settings.register_profile("lading", deadline=None)
settings.load_profile("lading")
