"""The whole desk as one state machine: people, groups, requests, keys, digests, drafts, incidents, time.

`rules_of_*` are what people, Slack and clients do, `house` is where they do it, `checks` what must hold after each
step, `leaving` what somebody must be able to end at last. `make test` plays a bounded sample, `make soak-desk` goes
on until it is stopped or has found something.
"""
