"""What each service accepts: its rules, once, as pure functions with their source.

The settings, the checks, the build steps and the local registries of a rehearsal call the same
functions, so that what one of them accepts, all accept. One module per service.
"""
