"""Every tolerance the tests use, each with its reason. Tightening one is welcome; loosening one needs a new reason."""
