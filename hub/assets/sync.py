"""The content folder into the hub: new and changed files become versions, drafts that nobody has approved yet.

Files are taken in batches, each its own transaction together with the records of what was agreed, so that a sync that
is killed at any moment is simply run again. Nothing one file does wrong keeps another from coming in; a file that has
changed while its asset changed too becomes a conflict (`conflicts`), and a file that is gone is reported.
"""

import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import TypeVar

from sqlalchemy import text as sql
from sqlmodel import Session, col, func, select

from hub.assets import candidates, content_fields, front_matter, renames, slugs, states
from hub.assets import approval
from hub.assets.batches import Batch
from hub.assets.candidates import Candidate
from hub.assets.folder import FileRefused, Folder, Listing
from hub.assets.front_matter import ContentError
from hub.assets.models import Asset, Attachment, ContentFile, Status, Version
from hub.assets.renames import Trace
from hub.assets.sync_report import FolderReport
from hub.assets.words import Words
from hub.blobs import Blobs, digest_of
from hub.db import Database
from hub.errors import Unavailable
from hub.events.names import EventName
from hub.events.record import record
from hub.people.roles import HUB
from hub.taxonomy import sync as taxonomy
