"""Settings of the test run: Hypothesis without deadlines, because a first call may import or compile."""

from hypothesis import settings

settings.register_profile("headstart", deadline=None, max_examples=60)
settings.load_profile("headstart")
