"""Who gets which status from which route: the table that test_access.py walks through, written out by hand.

To add a route, add a `Row`: the route as the API shows it, a function of access_calls.py that makes an object of a
given person and says how to call the route on it, and a line of statuses. `own` is for an object of the caller's,
`foreign` for one of somebody else, `any_object` where there is no such difference. The columns are:

    anonymous  reader contributor approver admin  |  an admin's token with the route's scope alone, with all others

The callers are of the team sales unless the row says otherwise.
"""

from dataclasses import dataclass

from hub import clock
from tests.api.access_calls import (
    Make,
    a_brief,
    a_brief_to_change,
    a_browser_claim,
    a_copy_of_a_draft,
    a_deal,
    a_draft,
    a_file,
    a_hold_out,
    a_live_asset,
    a_new_admin_token,
    a_new_copy,
    a_new_key,
    a_new_person,
    a_new_term,
    a_new_token,
    a_new_use,
    a_note,
    a_notice,
    a_passage,
    a_person,
    a_plan,
    a_request,
    a_request_and_its_answer,
    a_request_to_join,
    a_retired_asset,
    a_run,
    a_search,
    a_session,
    a_sign_in,
    a_stage_question,
    a_submitted_draft,
    a_suggestion,
    a_table,
    a_table_of_deals,
    a_table_of_stages,
    a_table_of_uses,
    a_taken_request,
    a_term,
    a_token,
    a_use,
    a_use_on_a_deal,
    a_working_copy,
    an_asset_to_hold_out,
    an_attachment,
    an_attachment_of_a_live_asset,
    an_unconfirmed_term,
    new_title,
    no_conflict,
    plain,
    some_feedback,
    tokens_of,
    two_terms,
    what_is_needed,
    with_body,
    with_hash,
    with_new_slug,
    with_query,
    with_their_password,
)
from tests.factories.people import PASSWORD


@dataclass(frozen=True)
class Row:
    route: str
    make: Make
    any_object: str = ""
    own: str = ""
    foreign: str = ""
    team: str = "sales"
    about: str = ""

    def __str__(self) -> str:
        return f"{self.route} {self.about}".strip()


APPROVED = {"decision": "approved"}
NEXT_YEAR = {"review_by": clock.today().replace(year=clock.today().year + 1, day=1).isoformat()}

ROWS = [
    #                                                                   anon rdr con app adm | scope alone, all others
    Row("GET /health", plain, any_object="                               200 200 200 200 200   200 200"),
    Row("GET /docs", plain, any_object="                                 200 200 200 200 200   200 200"),
    Row("GET /docs/style.css", plain, any_object="                       200 200 200 200 200   200 200"),
    Row("GET /openapi.json", plain, any_object="                         200 200 200 200 200   200 200"),
    Row("GET /metrics", plain, any_object="                              401 403 403 403 200   403 200"),
    # search
    Row("GET /search", plain, any_object="                               401 200 200 200 200   200 403"),
    Row(
        "PUT /searches/{search_id}/choice", a_search,
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 404 404 404 404   404 403",
    ),
    Row("GET /searches/recent", plain, any_object="                      401 200 200 200 200   200 403"),
    Row("GET /searches/unanswered", plain, any_object="                  401 200 200 200 200   200 403"),
    Row("GET /searches/figures", plain, any_object="                     401 200 200 200 200   200 403"),
    # assets
    Row("POST /assets", new_title, any_object="                          401 403 201 201 201   201 403"),
    Row("GET /assets", plain, any_object="                               401 200 200 200 200   200 403"),
    Row(
        "GET /assets/{slug}", a_draft, about="of a draft",
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 404 404 200 200   200 403",
    ),
    Row(
        "GET /assets/{slug}", a_live_asset, about="of a live asset",
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 200 200 200 200   200 403",
    ),
    Row(
        "PATCH /assets/{slug}", with_body(a_draft, **NEXT_YEAR), about="of a draft",
        own="                                                            401 403 200 200 200   200 403",
        foreign="                                                        401 404 404 200 200   200 403",
    ),
    Row(
        "PATCH /assets/{slug}", with_body(a_live_asset, **NEXT_YEAR), about="of a live asset",
        own="                                                            401 403 200 200 200   200 403",
        foreign="                                                        401 403 403 200 200   200 403",
    ),
    Row(
        "PUT /assets/{slug}/slug", with_new_slug(a_draft), about="of a draft",
        own="                                                            401 403 200 200 200   200 403",
        foreign="                                                        401 404 404 200 200   200 403",
    ),
    Row(
        "PUT /assets/{slug}/slug", with_new_slug(a_live_asset), about="of a live asset",
        own="                                                            401 403 200 200 200   200 403",
        foreign="                                                        401 403 403 200 200   200 403",
    ),
    Row(
        "POST /assets/{slug}/versions", with_body(a_draft, base_version=1, body="New."), about="of a draft",
        own="                                                            401 403 201 201 201   201 403",
        foreign="                                                        401 404 404 201 201   201 403",
    ),
    Row(
        "POST /assets/{slug}/versions", with_body(a_live_asset, base_version=1, body="New."), about="of a live asset",
        own="                                                            401 403 201 201 201   201 403",
        foreign="                                                        401 403 403 201 201   201 403",
    ),
    Row(
        "GET /assets/{slug}/versions", a_draft,
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 404 404 200 200   200 403",
    ),
    Row(
        "GET /assets/{slug}/versions/{number}", a_draft,
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 404 404 200 200   200 403",
    ),
    Row(
        "GET /assets/{slug}/diff", with_query(a_draft, **{"from": 1, "to": 1}),
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 404 404 200 200   200 403",
    ),
    Row(
        "GET /assets/{slug}/events", a_draft, about="of a draft",
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 404 404 200 200   200 403",
    ),
    Row(
        "GET /assets/{slug}/events", a_live_asset, about="of a live asset",
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 403 403 200 200   200 403",
    ),
    # approval
    Row(
        "PUT /assets/{slug}/versions/{number}/submission", a_draft,
        own="                                                            401 403 200 200 200   200 403",
        foreign="                                                        401 404 404 200 200   200 403",
    ),
    Row(
        "DELETE /assets/{slug}/versions/{number}/submission", a_submitted_draft,
        own="                                                            401 403 200 200 200   200 403",
        foreign="                                                        401 404 404 200 200   200 403",
    ),
    Row(
        "PUT /assets/{slug}/versions/{number}/reviews/{team}", with_hash(a_submitted_draft, **APPROVED),
        own="                                                            401 403 403 200 200   200 403",
        foreign="                                                        401 404 404 200 200   200 403",
    ),
    Row(
        "PUT /assets/{slug}/versions/{number}/reviews/{team}", with_hash(a_submitted_draft, **APPROVED),
        about="by somebody of marketing for sales", team="marketing",
        own="                                                            401 403 403 403 403   403 403",
        foreign="                                                        401 404 404 403 403   403 403",
    ),
    Row(
        "PUT /assets/{slug}/versions/{number}/reviews/{team}", with_hash(a_submitted_draft, team="other", **APPROVED),
        about="by somebody of neither team", team="other",
        own="                                                            401 404 404 404 404   404 403",
        foreign="                                                        401 404 404 404 404   404 403",
    ),
    Row(
        "PUT /assets/{slug}/versions/{number}/urgency", with_hash(a_draft, reason="the price changed"),
        own="                                                            401 403 403 403 200   200 403",
        foreign="                                                        401 404 404 403 200   200 403",
    ),
    Row("GET /reviews", plain, any_object="                              401 200 200 200 200   200 403"),
    Row(
        "PUT /assets/{slug}/retirement", a_live_asset, about="of a live asset",
        own="                                                            401 403 403 200 200   200 403",
        foreign="                                                        401 403 403 200 200   200 403",
    ),
    Row(
        "PUT /assets/{slug}/retirement", a_draft, about="of a draft",
        own="                                                            401 403 403 200 200   200 403",
        foreign="                                                        401 404 404 200 200   200 403",
    ),
    Row(
        "DELETE /assets/{slug}/retirement", a_retired_asset,
        own="                                                            401 403 403 200 200   200 403",
        foreign="                                                        401 403 403 200 200   200 403",
    ),
    # freshness
    Row(
        "POST /assets/{slug}/confirmations", a_live_asset,
        own="                                                            401 403 201 201 201   201 403",
        foreign="                                                        401 403 403 201 201   201 403",
    ),
    Row("GET /me/reminders", plain, any_object="                         401 200 200 200 200   200 403"),
    Row("GET /freshness", plain, any_object="                            401 200 200 200 200   200 403"),
    # attachments
    Row("POST /attachments", a_file, any_object="                        401 403 201 201 201   201 403"),
    Row(
        "GET /attachments/{digest}", an_attachment, about="that no version names",
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 404 404 404 404   404 403",
    ),
    Row(
        "GET /attachments/{digest}", an_attachment_of_a_live_asset, about="of a live asset",
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 200 200 200 200   200 403",
    ),
    Row(
        "GET /attachments/{digest}/thumbnail", an_attachment,
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 404 404 404 404   404 403",
    ),
    # taxonomy
    Row("GET /taxonomy", plain, any_object="                             401 200 200 200 200   200 403"),
    Row("GET /taxonomy/{vocabulary}", a_term, any_object="               401 200 200 200 200   200 403"),
    Row("GET /taxonomy/{vocabulary}/{key}", a_term, any_object="         401 200 200 200 200   200 403"),
    Row("POST /taxonomy/{vocabulary}", a_new_term, any_object="          401 403 403 201 201   201 403"),
    Row(
        "PATCH /taxonomy/{vocabulary}/{key}", with_body(a_term, position=7),
        any_object="                                                     401 403 403 200 200   200 403",
    ),
    Row("PUT /taxonomy/{vocabulary}/{key}/key", a_new_key, any_object="  401 403 403 200 200   200 403"),
    Row("PUT /taxonomy/{vocabulary}/{key}/merge", two_terms, any_object="401 403 403 200 200   200 403"),
    Row(
        "PUT /taxonomy/{vocabulary}/{key}/confirmation", an_unconfirmed_term,
        any_object="                                                     401 403 403 200 200   200 403",
    ),
    Row("DELETE /taxonomy/{vocabulary}/{key}", a_term, any_object="      401 403 403 204 204   204 403"),
    # deals: one's own is the one that one owns; everybody signed in sees them all
    Row("GET /deals", plain, any_object="                                401 200 200 200 200   200 403"),
    Row(
        "GET /deals/{source}/{external_id}", a_deal,
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 200 200 200 200   200 403",
    ),
    Row(
        "PUT /deals/{source}/{external_id}", with_body(a_deal, outcome="won"),
        own="                                                            401 403 200 200 200   200 403",
        foreign="                                                        401 403 403 200 200   200 403",
    ),
    # uses: everybody sees those on deals and their own, and nobody those of others that are on none
    Row("POST /uses", a_new_use, any_object="                            401 200 200 200 200   200 403"),
    Row("GET /uses", plain, any_object="                                 401 200 200 200 200   200 403"),
    Row("GET /uses/proposals", plain, any_object="                       401 200 200 200 200   200 403"),
    Row(
        "PUT /uses/{use_id}/deal", a_use, about="of a use on no deal",
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 404 404 404 200   200 403",
    ),
    Row(
        "PUT /uses/{use_id}/deal", a_use_on_a_deal, about="of a use on a deal",
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 403 403 200 200   200 403",
    ),
    Row(
        "DELETE /uses/{use_id}", a_use, about="on no deal",
        own="                                                            401 204 204 204 204   204 403",
        foreign="                                                        401 404 404 404 204   204 403",
    ),
    Row(
        "DELETE /uses/{use_id}", a_use_on_a_deal, about="on a deal",
        own="                                                            401 204 204 204 204   204 403",
        foreign="                                                        401 403 403 403 204   204 403",
    ),
    Row(
        "POST /assets/{slug}/feedback", with_body(a_live_asset, opinion="worked"),
        own="                                                            401 201 201 201 201   201 403",
        foreign="                                                        401 201 201 201 201   201 403",
    ),
    Row(
        "GET /assets/{slug}/feedback", a_live_asset,
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 200 200 200 200   200 403",
    ),
    Row(
        "DELETE /feedback/{feedback_id}", some_feedback,
        own="                                                            401 204 204 204 204   204 403",
        foreign="                                                        401 403 403 403 204   204 403",
    ),
    Row("GET /stage-questions", plain, any_object="                      401 200 200 200 200   200 403"),
    Row(
        "PUT /stage-questions/{question_id}/answer", a_stage_question,
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 404 404 404 200   200 403",
    ),
    # planning
    Row("POST /requests", what_is_needed, any_object="                   401 201 201 201 201   201 403"),
    Row("GET /requests", plain, any_object="                             401 200 200 200 200   200 403"),
    Row(
        "GET /requests/{request_id}", a_request,
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 200 200 200 200   200 403",
    ),
    Row(
        "PUT /requests/{request_id}/ask", a_request_to_join,
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 200 200 200 200   200 403",
    ),
    Row(
        "PUT /requests/{request_id}/taker", a_request,
        own="                                                            401 403 200 200 200   200 403",
        foreign="                                                        401 403 200 200 200   200 403",
    ),
    Row(
        "DELETE /requests/{request_id}/taker", a_taken_request,
        own="                                                            401 403 200 200 200   200 403",
        foreign="                                                        401 403 403 200 200   200 403",
    ),
    Row(
        "PUT /requests/{request_id}/fulfilment", a_request_and_its_answer,
        own="                                                            401 403 200 200 200   200 403",
        foreign="                                                        401 403 200 200 200   200 403",
    ),
    Row(
        "PUT /requests/{request_id}/refusal", a_request,
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 403 200 200 200   200 403",
    ),
    Row("GET /insights", plain, any_object="                             401 200 200 200 200   200 403"),
    Row("GET /insights/assets", plain, any_object="                      401 200 200 200 200   200 403"),
    Row(
        "GET /assets/{slug}/evidence", a_live_asset, about="of a live asset",
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 200 200 200 200   200 403",
    ),
    Row(
        "GET /assets/{slug}/evidence", a_draft, about="of a draft",
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 404 404 200 200   200 403",
    ),
    Row("GET /insights/funnel", plain, any_object="                      401 200 200 200 200   200 403"),
    Row("GET /insights/outcomes", plain, any_object="                    401 200 200 200 200   200 403"),
    Row("GET /insights/sources", plain, any_object="                     401 200 200 200 200   200 403"),
    Row("GET /insights/capture", plain, any_object="                     401 200 200 200 200   200 403"),
    Row("GET /insights/runs", plain, any_object="                        401 200 200 200 200   200 403"),
    Row("POST /insights/runs", plain, any_object="                       401 403 403 202 202   202 403"),
    Row(
        "GET /insights/runs/{run_id}", a_run,
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 200 200 200 200   200 403",
    ),
    Row("GET /insights/experiments", plain, any_object="                 401 200 200 200 200   200 403"),
    Row("POST /insights/experiments", an_asset_to_hold_out, any_object=" 401 403 403 201 201   201 403"),
    Row(
        "DELETE /insights/experiments/{experiment_id}", a_hold_out,
        own="                                                            401 403 403 200 200   200 403",
        foreign="                                                        401 403 403 200 200   200 403",
    ),
    Row("GET /insights/coverage", plain, any_object="                    401 200 200 200 200   200 403"),
    Row("GET /plan/queue", plain, any_object="                           401 200 200 200 200   200 403"),
    Row(
        "PUT /plan/queue/{key}/dismissal", a_suggestion,
        own="                                                            401 403 204 204 204   204 403",
        foreign="                                                        401 403 204 204 204   204 403",
    ),
    Row(
        "DELETE /plan/queue/{key}/dismissal", a_suggestion,
        own="                                                            401 403 204 204 204   204 403",
        foreign="                                                        401 403 204 204 204   204 403",
    ),
    Row("POST /briefs", a_plan, any_object="                             401 403 201 201 201   201 403"),
    Row("GET /briefs", plain, any_object="                               401 200 200 200 200   200 403"),
    Row(
        "GET /briefs/{brief_id}", a_brief,
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 200 200 200 200   200 403",
    ),
    Row(
        "PATCH /briefs/{brief_id}", a_brief_to_change,
        own="                                                            401 403 200 200 200   200 403",
        foreign="                                                        401 403 200 200 200   200 403",
    ),
    Row(
        "PUT /briefs/{brief_id}/completion", a_brief, about="that its asset ends",
        own="                                                            401 403 409 409 409   409 403",
        foreign="                                                        401 403 409 409 409   409 403",
    ),
    Row(
        "PUT /briefs/{brief_id}/drop", a_brief,
        own="                                                            401 403 200 200 200   200 403",
        foreign="                                                        401 403 200 200 200   200 403",
    ),
    Row("GET /inbox", plain, any_object="                                401 200 200 200 200   200 403"),
    Row("PUT /inbox/seen", plain, any_object="                           401 200 200 200 200   200 403"),
    Row(
        "PUT /inbox/{notice_id}/seen", a_notice,
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 404 404 404 404   404 403",
    ),
    Row(
        "DELETE /inbox/{notice_id}/seen", a_notice,
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 404 404 404 404   404 403",
    ),
    # content from outside
    Row("POST /imports/assets", a_table, any_object="                    401 403 403 403 200   200 403"),
    Row("POST /imports/deals", a_table_of_deals, any_object="            401 403 403 403 200   200 403"),
    Row("POST /imports/uses", a_table_of_uses, any_object="              401 403 403 403 200   200 403"),
    Row("POST /imports/stages", a_table_of_stages, any_object="          401 403 403 403 200   200 403"),
    # webhooks: the signature decides, and where none is set up there is nothing (tests/api/test_webhooks.py)
    Row("POST /webhooks/hubspot", plain, any_object="                    404 404 404 404 404   404 404"),
    Row("POST /webhooks/salesforce", plain, any_object="                 404 404 404 404 404   404 404"),
    Row("POST /webhooks/pipedrive", plain, any_object="                  404 404 404 404 404   404 404"),
    Row("GET /webhooks/failures", plain, any_object="                    401 403 403 403 200   200 403"),
    # writing
    Row("POST /checks", with_body(plain, title="x"), any_object="        401 403 200 200 200   200 403"),
    Row("GET /working-copies", plain, any_object="                       401 403 200 200 200   200 403"),
    Row(
        "GET /working-copies/{key}", a_working_copy,
        own="                                                            401 404 200 200 200   200 403",
        foreign="                                                        401 404 404 404 404   404 403",
    ),
    Row(
        "PUT /working-copies/{key}", a_new_copy, about="of a new text",
        own="                                                            401 403 200 200 200   200 403",
        foreign="                                                        401 403 200 200 200   200 403",
    ),
    Row(
        "PUT /working-copies/{key}", a_copy_of_a_draft, about="of a draft",
        own="                                                            401 403 200 200 200   200 403",
        foreign="                                                        401 404 404 200 200   200 403",
    ),
    Row(
        "DELETE /working-copies/{key}", a_working_copy,
        own="                                                            401 403 204 204 204   204 403",
        foreign="                                                        401 403 204 204 204   204 403",
    ),
    Row(
        "GET /assets/{slug}/versions/{number}/notes", a_draft,
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 404 404 200 200   200 403",
    ),
    Row(
        "POST /assets/{slug}/versions/{number}/notes", a_passage,
        own="                                                            401 201 201 201 201   201 403",
        foreign="                                                        401 404 404 201 201   201 403",
    ),
    Row(
        "PUT /assets/{slug}/versions/{number}/notes/{note_id}/settlement", a_note,
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 404 404 200 200   200 403",
    ),
    Row("GET /content/conflicts", plain, any_object="                    401 403 403 403 200   200 403"),
    Row("PUT /content/conflicts/{path}", no_conflict, any_object="       401 403 403 403 404   404 403"),
    Row("GET /extension", plain, any_object="                            200 200 200 200 200   200 200"),
    Row("POST /extension/connection", a_browser_claim, any_object="      201 201 201 201 201   201 201"),
    # only a browser's own token has a connection (tests/api/test_extension.py)
    Row("GET /extension/connection", plain, any_object="                 401 404 404 404 404   404 403"),
    Row("DELETE /extension/connection", plain, any_object="              401 404 404 404 404   404 403"),
    Row("GET /extension/library", plain, any_object="                    401 200 200 200 200   200 403"),
    # account: a token has no session, and with another scope than `admin` may only look
    Row("POST /session", a_sign_in, any_object="                         200 200 200 200 200   200 200"),
    Row("DELETE /session", plain, any_object="                           401 204 204 204 204   409 403"),
    Row("GET /me", plain, any_object="                                   401 200 200 200 200   200 403"),
    Row("PUT /me/password", with_their_password, own="                   401 204 204 204 204   204 403"),
    Row("GET /me/sessions", plain, any_object="                          401 200 200 200 200   200 403"),
    Row(
        "DELETE /me/sessions/{session_id}", a_session,
        own="                                                            401 204 204 204 204   204 403",
        foreign="                                                        401 404 404 404 404   404 403",
    ),
    # people
    Row("GET /people", plain, any_object="                               401 200 200 200 200   200 403"),
    Row(
        "GET /people/{person_id}", a_person,
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 200 200 200 200   200 403",
    ),
    Row("POST /people", a_new_person, any_object="                       401 403 403 403 201   201 403"),
    Row(
        "PATCH /people/{person_id}", with_body(a_person, name="Renamed"),
        own="                                                            401 403 403 403 200   200 403",
        foreign="                                                        401 403 403 403 200   200 403",
    ),
    Row(
        "PUT /people/{person_id}/password", with_body(a_person, password=PASSWORD),
        own="                                                            401 403 403 403 204   204 403",
        foreign="                                                        401 403 403 403 204   204 403",
    ),
    # tokens: a token makes no token with scopes that it has not itself
    Row(
        "POST /tokens", a_new_token, about="for reading",
        own="                                                            401 201 201 201 201   403 403",
        foreign="                                                        401 403 403 403 201   403 403",
    ),
    Row(
        "POST /tokens", a_new_admin_token, about="for everything",
        own="                                                            401 403 403 403 201   201 403",
        foreign="                                                        401 403 403 403 403   403 403",
    ),
    Row(
        "GET /tokens", tokens_of,
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 403 403 403 200   200 403",
    ),
    Row(
        "DELETE /tokens/{token_id}", a_token,
        own="                                                            401 204 204 204 204   204 403",
        foreign="                                                        401 404 404 404 204   204 403",
    ),
    # events
    Row("GET /events", plain, any_object="                               401 403 403 403 200   200 403"),
]  # fmt: skip
