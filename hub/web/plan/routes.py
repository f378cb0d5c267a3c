"""The routers of the pages of the plan. `/briefs/new` comes before `/briefs/{brief_id}`."""

from hub.web.plan import brief, brief_form, briefs, queue

ROUTERS = [queue.router, briefs.router, brief_form.router, brief.router]
