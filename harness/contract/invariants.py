"""What holds of every resource while it is created, read, listed, changed and deleted: one row for each statement."""

from __future__ import annotations

from typing import NamedTuple


class Invariant(NamedTuple):
    """One statement, and where it comes from."""

    cause: str
    """What is wrong where it does not hold; a part of the finding's id."""
    expected: str
    fix: str
    """What a maintainer of the server does about it."""
    source: str = "RFC 9110 section 3.2: a representation reflects the state of its resource"


CREATED_READABLE = Invariant(
    "what it creates cannot be read",
    "what was created is found at the path that its answer names",
    "Store a new resource before you answer its creation, and let Location, or the id in that answer, lead to "
    "where GET finds it.",
    "RFC 9110 section 15.3.2",
)
READ_AS_WRITTEN = Invariant(
    "what is read is not what was written",
    "each member that the client wrote is read with its value; a provider may normalise it and not replace it",
    "Store every member of a creation with its value, and return that value when it is read; answer 4xx to a value "
    "that you cannot store.",
)
ANSWERED_AS_READ = Invariant(
    "answers a creation with another value than is read",
    "the answer to a creation shows the resource that was created",
    "Write the answer to a creation from what was stored, once defaults and calculated members are set, not from "
    "the request.",
    "RFC 9110 section 15.3.2",
)
IDS_DIFFER = Invariant(
    "two creations get one identifier",
    "each creation makes a resource of its own",
    "Give each new resource an identifier of its own, or answer 409 to a creation of what is there already.",
    "RFC 9110 section 15.3.2",
)
LISTED = Invariant(
    "does not list what was created",
    "what was created and can be read is in its listing",
    "Let the listing read the same store as GET of one resource does, without a default filter, index or cache "
    "that leaves new resources out.",
)
LISTED_BELOW = Invariant(
    "lists what was created below another resource",
    "a listing below a resource has only what belongs to that resource",
    "Select the entries of the listing by the parent that its path names.",
)
LISTED_ALIKE = Invariant(
    "lists other values than the resource itself has",
    "a member has one value in the listing and in the resource itself",
    "Write an entry of the listing and the resource itself with the same code, from the same stored values.",
)
CHANGE_STAYS = Invariant(
    "a change that it accepts is not read afterwards",
    "a member that was changed with success is read with its new value",
    "Before you answer a change with success, store every member that it names, all of them at once too; answer "
    "4xx to what cannot be changed.",
    "RFC 9110 section 9.3.4, RFC 5789 section 2",
)
ANSWER_OUTDATED = Invariant(
    "answers a change with the value from before it",
    "the answer to a change shows the resource after it",
    "Read the resource again once the change is stored, and write the answer from that.",
)
CHANGE_IS_LISTED = Invariant(
    "lists the value from before a change",
    "what was changed and is read with its new value is listed with it",
    "Update what the listing reads, such as an index, a cache or a copy, with every change of a resource.",
)
CHANGE_STAYS_WITHIN = Invariant(
    "a change of one member changes another one",
    "a change leaves members alone that it does not name",
    "Set only the members that the change names, inside objects too, and leave all others as they are.",
    "RFC 5789 section 2, RFC 7396 section 1",
)
IDENTITY_STAYS = Invariant(
    "a change gives the resource another identifier",
    "a change leaves a resource at its path, with the identifier that it has",
    "Update the resource in place instead of creating it again, and derive no identifier from a member that can "
    "change.",
    "RFC 5789 section 2, RFC 9110 section 9.3.4: the URI of the request identifies what is changed",
)
OTHERS_UNTOUCHED = Invariant(
    "changes another resource than the one it names",
    "a write changes the resource that it names and no other",
    "Restrict each write to the one resource that its path names: check the condition of the query, and objects "
    "that resources share.",
    "RFC 9110 section 9.3",
)
READ_IS_FOUND = Invariant(
    "does not find what can be read",
    "what is read at a path is found there by every method that the spec describes",
    "Look the resource up in the same way for every method of its path: in the same store, by the same identifier.",
    "RFC 9110 section 15.5.5",
)
READS_ALIKE = Invariant(
    "reads differ though nothing was written",
    "reading changes nothing: the same request shows the same values",
    "Answer reads from stored values, which depend neither on chance nor on the time nor on which server answers; "
    "write nothing meanwhile.",
    "RFC 9110 section 9.2.1",
)
READ_TOUCHES = Invariant(
    "reading it changes its version",
    "a read changes nothing: not the time of the last change, and no number of a version",
    "Set the version and the time of the last change when something is written, and never when it is read.",
    "RFC 9110 section 9.2.1",
)
TAG_STAYS = Invariant(
    "its ETag changes though its content stays",
    "the same content has the same ETag: else no precondition holds, and nothing is found in a cache",
    "Calculate the ETag from the content or from a stored version, and from nothing that differs between two answers.",
    "RFC 9110 section 8.8.1",
)
TAG_CHANGES = Invariant(
    "its ETag stays the same when the content changes",
    "a strong ETag changes with every change of the content",
    "Calculate the ETag from the whole content, or from a version that every change raises; a time in seconds is "
    "too coarse.",
    "RFC 9110 section 8.8.1",
)
OUTDATED_TAG = Invariant(
    "answers 304 to the ETag from before a change",
    "304 only where the content is that of the ETag",
    "Compare If-None-Match with the ETag that the resource has now, and remove what was changed from every cache.",
    "RFC 9110 section 13.1.2",
)
PRECONDITION = Invariant(
    "changes a resource although If-Match names another ETag",
    "412, and nothing is changed",
    "Compare If-Match with the current ETag in the transaction of the write or deletion; where they differ, answer "
    "412 and write nothing.",
    "RFC 9110 section 13.1.1",
)
REPLACED = Invariant(
    "what a replacement leaves out stays as it was",
    "PUT replaces: a member that the new representation leaves out has its default, or none",
    "Let PUT reset or remove each member that it leaves out, inside objects too; if it is meant to merge, describe "
    "that in the spec.",
    "RFC 9110 section 9.3.4",
)
STILL_ANSWERS = Invariant(
    "still answers after the deletion",
    "what was deleted with success is not found, or shows that it was deleted",
    "Answer 404 or 410 at every path of a resource that was deleted, or show there that it is deleted; remove it "
    "from every cache.",
    "RFC 9110 section 9.3.5",
)
DELETION_LISTED = Invariant(
    "lists what was deleted",
    "what was deleted and cannot be read is in no listing",
    "Remove a deleted resource from everything that listings read, such as an index or a cache, in the transaction "
    "of the deletion.",
)
DEFAULT_TAKEN = Invariant(
    "does not give a member its default",
    "a member that a creation leaves out has the default that the spec states",
    "Give a member that a creation leaves out the default of the spec, or correct the default there.",
    "JSON Schema 2020-12, Validation, section 9.2; OpenAPI Specification 3.1.1, Schema Object",
)
READ_BELOW = Invariant(
    "reads below another resource what does not belong to it",
    "what was created below one resource is not found below another",
    "Look a resource up by its own identifier together with those of its parents in the path; answer 404 where "
    "they do not fit.",
    "RFC 9110 section 15.5.5",
)
CREATED_NOW = Invariant(
    "states a time of creation that is not the time of its clock",
    "a time with its zone names the moment; `Z` is UTC, whatever the zone of the server",
    "Take the time in UTC, or write it with the offset that it was taken in; write no `Z` after a local time.",
    "RFC 3339 section 4",
)
OWN_TAG_REFUSED = Invariant(
    "refuses a change under the ETag that was just read",
    "If-Match with the current ETag holds; a weak one never does, so a resource that is changed has a strong one",
    "Send a strong ETag with each resource that can be changed, and compare If-Match with it character by "
    "character, quotation marks included.",
    "RFC 9110 section 13.1.1",
)
TAG_OF_CHANGE = Invariant(
    "answers a change with an ETag that is not read afterwards",
    "the ETag in the answer to a change is that of the resource after it",
    "Calculate the ETag in the answer to a change from the resource as it is after that change, or send none in "
    "that answer.",
    "RFC 9110 sections 8.8.3 and 9.3.4",
)
HEAD_DIFFERS = Invariant(
    "answers HEAD otherwise than GET",
    "HEAD is answered as GET is, without the content; a server without it answers 405 or 501",
    "Answer HEAD with the code that answers GET, without the content, or answer 405 to it everywhere.",
    "RFC 9110 sections 9.1 and 9.3.2",
)
SECOND_COPY = Invariant(
    "makes another resource of the one that it changes",
    "a change leaves as many resources as there were",
    "Update the resource that the path names instead of inserting another one: check the key by which it is stored.",
    "RFC 9110 section 9.3.4, RFC 5789 section 2",
)
NEVER_MATTERS = Invariant(
    "answers otherwise to a request that means the same",
    "an unknown query parameter is refused or changes nothing, and Accept may name other media types too",
    "Ignore a query parameter that you do not know, or answer 400; and choose from Accept any media type that you "
    "offer.",
    "RFC 9110 sections 12.5.1 and 15.4",
)
WAYS_AGREE = Invariant(
    "shows other values than the other path of the resource",
    "a resource has one state, at whichever of its paths it is read",
    "Read the resource from one store at all of its paths, and remove it from the cache of each path when it changes.",
)
WRITES_BELOW = Invariant(
    "writes below another resource what does not belong to it",
    "404: what was created below one resource is not found below another, and stays as it is",
    "Before each write, check that the resource belongs to the parent in the path; where it does not, answer 404 "
    "and write nothing.",
    "RFC 9110 section 15.5.5; OWASP API1:2023",
)
ORPHANED = Invariant(
    "reads what was below a resource that is deleted",
    "what stands below a resource in the path is not found once that resource is not",
    "Delete what is below a resource together with it, or answer 404 there; or refuse the deletion with 409 while "
    "something is below.",
    "RFC 9110 section 9.3.5; RFC 3986 section 3.3: a path is hierarchical",
)
READ_ONLY_TAKEN = Invariant(
    "takes a value that the spec lets only the server set",
    "a read-only member in a request is ignored or refused",
    "Take from a request only the members that clients may set, from a fixed list; ignore the others, or answer 4xx.",
    "JSON Schema 2020-12, Validation, section 9.4 (readOnly); OWASP API3:2023",
)
CREATION_FIXED = Invariant(
    "changes the time of creation",
    "a change leaves the time of creation as it is",
    "Set the time of creation once, when the resource is created, and leave it out of every update.",
    "RFC 5789 section 2; RFC 9110 section 9.3.4",
)
UPDATE_STATED = Invariant(
    "leaves the time of the last change as it was",
    "the time of the last change moves with each change that is read afterwards",
    "Set the time of the last change in every statement that changes the resource, and show that stored time.",
)
REPEATED_CRASHES = Invariant(
    "is a server error when it is repeated",
    "what was done once is done again, or refused with 4xx",
    "Handle what a second equal call meets, such as a key that is taken or a row that is gone, and answer it with "
    "success or 4xx.",
    "RFC 9110 sections 9.2.2 and 15.6",
)
CURRENT_TAG = Invariant(
    "answers the whole content to the ETag that it has",
    "304 to If-None-Match with the current ETag",
    "Compare If-None-Match with the ETag that you would send, and answer 304 where they are equal, or take 304 out "
    "of the spec.",
    "RFC 9110 section 13.1.2",
)
