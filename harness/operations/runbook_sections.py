"""The six sections of a runbook, by the titles and the words that real runbooks use for them."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple


class Needed(NamedTuple):
    """One section that a runbook must have."""

    name: str
    titles: re.Pattern[str]
    """Its usual titles; a heading, a bold lead-in, a row or a column of a table may bear them."""
    words: re.Pattern[str]
    """Words of a passage that does its work where no title does."""
    within: frozenset[str] = frozenset()
    """The sections in which such a passage counts; it counts outside any section too, and everywhere if empty."""
    actionable: bool = False
    """Whether it must give a command or a link."""
    points: bool = False
    """Whether a passage counts only where it gives a command or a link itself."""


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{p})" for p in patterns), re.IGNORECASE)


# Titles: prometheus-operator/runbooks (Meaning, Impact, Diagnosis, Mitigation); GitLab's template (Overview, Alert
# Behavior, Severities, Verification, Recent changes, Troubleshooting, Possible Resolutions, Escalation); playbooks of
# Grafana and GOV.UK (Description, Potential Causes, Resolutions, What to check); the Google SRE workbook; PagerDuty's
# incident response guide (Symptoms, Actions, Communication); AWS OPS07-BP03; the Azure Well-Architected Framework.
SECTIONS: tuple[Needed, ...] = (
    Needed(
        "symptoms",
        _any(
            r"symptom|detect|\bmeaning\b|^triggers?\b|\btriggers?$|\bindicat|\bsign(al)?s?\b|\bfire[sd]\b|^messages?\b",
            r"^(the |about (the |this )?)?al(ert|arm)s?\b|\balerts? (behaviou?r|descri|details?|defin|conditions?)",
            r"\balert (name|summary|thresholds?|rules?|meaning)\b|\bdescription\b|\boverview\b|\bsummary\b|^definition",
            r"^(the )?(problem|issue|scenario)s?( description| statement)?(:|$)|^background\b|^context\b|^explanation",
            r"\bwhat (does )?(it|this|the)\b.{0,12}\bmeans?\b|\bwhat (is|was) (it|this|wrong|going|happening)",
            r"\bwhat.s (wrong|going|happening)|\bwhat happen(s|ed)?\??$|\bwhat you.{0,8} see\b|^introduction\b",
            r"\bwhen (do|will|it|this).{0,20} fire|\bhow (do|to|can).{0,8} (know|recogni[sz]e|spot|notice|see)\b",
            r"\bobserved\b|\berror messages?\b|\bfailure modes?\b",
            # the name of an alert, where a page has one heading for each
            r"(?-i:^(?:[A-Z]+[a-z0-9]+){3,}$)",
            r"(?-i:^[A-Z]\w+(?:Down|High|Low|Slow|Stuck|Full|Fail(?:ed|ing|ures)|Errors)$)",
        ),
        words=_any(
            r"\b(this|the) alerts?\b.{0,40}\b(fire|means?|indicate|trigger|is|was|are|will|ensures?|notif|warn)",
            r"\balerts? (when|if|on|whenever|fires?)\b|\b(fire[sd]|trigger(s|ed)|raised) (when|if|whenever)\b",
            r"\bwhen this (alert )?(fires|happens)\b|\bif you see\b",
            r"\byou (will |may |might )?(notice|get|receive) (the |an? )?alert",
        ),
    ),
    Needed(
        "impact",
        _any(
            r"impact|\baffect|\bconsequences?\b|\beffects?\b|\bblast radius\b|\bseverit|\brisks?\b|\bwhat breaks\b",
            r"\burgency\b|\bcriticality\b|^priority\b|^(scope|extent)( of .*)?$|\buser experience\b|\bif ignored\b",
            r"\bwho (is|notices)\b|\bwhy (it|this|does (it|this)) matters?\b|\bmeans for\b",
        ),
        words=_any(
            r"\b(user|customer|client|caller|subscriber|consumer|visitor|tenant|merchant|publisher)s?\b.{0,30}"
            r"\b((sees?|experiences?) .{0,20}(error|delay|fail|down|slow)|waits?|cannot|can.t|loses?|fails?|unable)\b",
            r"\b(is|are|be|being|gets?) (lost|delayed|dropped|unavailable|rejected|degraded)\b",
            r"\b(will|may|might|can|could|would) (then |also |now |all |start to )?(crash|fail|be unable)\b",
            r"\brisk(s|ing)? (of )?los|\b(this|which) means\b.{0,30}\b(delay|loss)",
        ),
        within=frozenset({"symptoms"}),
    ),
    Needed(
        "diagnosis",
        _any(
            r"diagnos|investigat|triag|troubleshoot|\bdebug|verif(y|ication)|\binspect|\bidentify|\bconfirm|\bexamin",
            r"\bcheck(s|list)?\b|\b(where|what) to look\b|\blook (for|at|into)\b|\bhow to find\b|\bqueries\b",
            r"\b(root|possible|potential|likely|common|probable) causes?\b|^causes?\b",
            r"\banaly[sz]|\bassess|\bobservability\b|\bdashboards?$|^logs?\b|\bevidence\b|\bgather|\bdata collection\b",
            r"\b(first|closer) look\b|\bquestions to ask\b|\buseful commands\b",
        ),
        words=_any(
            r"(^|[.:;!?)]\s+|\bthen )(please |first,? |next,? |also,? )?"
            r"(check|inspect|look (at|for|in|into)|review|verify|examine|compare|query|find out|grep)\b",
            r"^to (see|check|get|find|inspect|verify|query|list) ",
        ),
        actionable=True,
    ),
    Needed(
        "mitigation",
        _any(
            r"mitigat|remed(y|iat)|\bresol(v|ution)|\bfix|\brecover|\brepair|\bsol(ution|v)|\bworkarounds?\b",
            r"\bactions?\b|\bwhat (to|should (i|we|you)) do\b|\b(immediate|alert|incident|first) responses?\b",
            r"^respon(se|ding)\b|\bhow to respond\b|^(manual |next |the )?(steps|procedures?|instructions?)\b",
            r"\b(replay|restart|recreate|rebuild|reconstruct|scal(e|ing)|emergency|failover)\b|\bcontain(ment)?\b",
            r"\bstabili[sz]|\btreatment\b|\bfirst aid\b|^step.by.step|\bhandling\b|^(playbook|runbook steps)$",
        ),
        words=_any(
            r"(^|[.:;!?)]\s+|\bthen |\btry |\b(you|we) (can|could|should|may need to|must) (also )?)"
            r"(please |first,? |next,? )?(re-?start|start|scal(e|ing)|increase|raise|purge|delete|drop|drain|fail over|"
            r"resize|expand|free up|kill|evict|redeploy|replay|requeue|re-?create|rebuild|bounce|restore|rotate|"
            r"disable|block|roll back)(ing)?\b",
            r"^to (start|restart|fix|resolve|remedy|recover|mitigate|scale|resize|increase|work around)\b",
        ),
        actionable=True,
    ),
    Needed(
        "rollback",
        _any(
            r"\broll(ing|ed)?[ -]?backs?\b|rollback|\brevert|\brestor(e|ing)\b|\bundo\b",
            r"\bback(ing)?[ -]?out\b|\bway back\b|\bundoing\b|\bfall(ing)? ?back\b|\bcontingenc|\breversal|\bdowngrad",
        ),
        words=_any(
            r"\broll(ed|ing|s)?(-| |( \w+){1,3} )?back|\brevert(ed|ing)?\b|\bundo\b|\bback(ed|ing)? out\b",
            r"\brestor(e|ed|ing) (the |a )?(previous|old|prior|last)\b",
        ),
        points=True,
    ),
    Needed(
        "escalation",
        _any(
            r"escalat|\bcontacts?\b|\bon.?call\b|^support\b|\bsupport$|\bwho (to|should)\b|\bwhom\b",
            r"^(page|call|notify) (the )?(on.?call|team|owner|sre|manager|lead)|\bcommunicat|\bstakeholders?\b",
            r"\bresponsible\b|\bslack( channel)?$|\bpagerduty\b|^.{0,12}\bhelp\??$|\bwho can help\b",
            r"\bsubject.matter experts?\b|\bsmes?\b|^notify\b|^paging\b|\braci\b",
            r"^(refer|talk|speak) to\b.{0,30}\bteam\b",
        ),
        words=_any(
            r"\b(escalate|page|contact|call|notify|(?<!the )alert|reach out to|refer to|hand (it )?over to|involve)\s"
            r"(?!fires)[^.]{0,30}"
            r"(?<!-)\b(on.?call|support|sres?|engineers?|teams?|captain|security|dba|vendor|duty)\b",
            r"\b(open|raise|file|create)\b[^.]{0,20}\bsupport (case|ticket|request)\b",
            r"\bif you (cannot|can.t|are (unable|not able) to) (resolve|fix|solve)\b[^.]{0,99}"
            r"\b(see|ask|join|contact|call)\b",
        ),
    ),
)


_MAX_TITLE = 200
"""Characters of a title that are read."""
_AROUND = re.compile(r"^[\W\d_]+|(?<=\w)[\W_]+$")


@functools.lru_cache(4096)
def sections_of(title: str) -> frozenset[str]:
    """Return the names of the sections that a title opens; numbers and signs around it do not count."""
    words = _AROUND.sub("", title[:_MAX_TITLE])
    return frozenset(needed.name for needed in SECTIONS if needed.titles.search(words))
