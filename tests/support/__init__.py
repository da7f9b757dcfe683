"""What tests of several rooms share: places of the checkout, processes of their own, data and artifacts made for tests."""
