"""The routers of the pages of insights."""

from hub.web.insights import asset, helps, library, pipeline, runs

ROUTERS = [helps.router, pipeline.router, library.router, runs.router, asset.router]
