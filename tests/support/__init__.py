"""Common parts of the tests of several rooms: places of the checkout, processes of their own, data and artifacts made for tests."""
