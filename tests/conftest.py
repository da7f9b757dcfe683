"""What every test shares."""

import hypothesis

# Time on a shared machine says nothing about the code, and a suite that fails must fail again the next time.
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True)
hypothesis.settings.load_profile("suite")
