"""Every result, loaded when one is asked for: `rollout_console.results` is the place to import them from."""

from __future__ import annotations

from rollout_console.results.access import AccessRight, DecidedBy, DecisionChoice, DecisionComparison, RoleDecisions
from rollout_console.results.base import Record, Result, parse, parse_list, parse_what_fits
from rollout_console.results.categories import (
    CatchUp,
    Categories,
    CategorizationRun,
    CategorizationState,
    Category,
    Uncategorized,
)
from rollout_console.results.changes import Change, HealthAction, HealthCheck, Moves, Simulation, Stop
from rollout_console.results.criteria import Criterion, Operator, Unit
from rollout_console.results.eligibility import CategoryMove, Explanation, Preview, Reason, Strategy
from rollout_console.results.errors import ErrorKind, Errors, MainRepository
from rollout_console.results.features import Feature, Features, Phase4, Phase4Repository
from rollout_console.results.gates import Gate, OnBreach
from rollout_console.results.guardrail import (
    Backtest,
    FailingDelay,
    GuardrailCost,
    HealthyCost,
    MissedTrip,
    ReplayedTrip,
)
from rollout_console.results.health import (
    CheckLeadsTo,
    Compared,
    ControlRate,
    Guardrail,
    Health,
    Rate,
    RecentRate,
    StopEffect,
    Verdict,
)
from rollout_console.results.history import EndedSession, History, HistoryEntry
from rollout_console.results.monitoring import (
    AlertClaims,
    AlertDue,
    AlertsConfirmed,
    MonitorAtWork,
    MonitorBeat,
)
from rollout_console.results.outcomes import Job, JobArm, JobGroup, Jobs, JobsRecorded, JobState
from rollout_console.results.overview import Overview
from rollout_console.results.plan import Advance, AdvanceOutcome, Plan, PlanStep, StepState
from rollout_console.results.progression import Phases
from rollout_console.results.settings import Setting, Settings
from rollout_console.results.setup import SetupPlan, SetupStep, StartOutcome, WhitelistOutcome
from rollout_console.results.state import State, StateName
from rollout_console.results.statistics import (
    Arm,
    ErrorTrend,
    JobError,
    MarkKind,
    Metrics,
    ProcessorMetrics,
    Stats,
    TrendMark,
    TrendPoint,
)
from rollout_console.results.status import FullStatus, JudgedReports, Status, SwitchedOff, Watch
from rollout_console.results.timeline import Event, EventType, Postmortem, Timeline
from rollout_console.results.verification import Verification, VerifiedCounters
from rollout_console.results.warnings import HealthWarning
from rollout_console.results.whitelist import ListedRepository, Whitelist

__all__ = [
    "AccessRight",
    "Advance",
    "AdvanceOutcome",
    "AlertClaims",
    "AlertDue",
    "AlertsConfirmed",
    "Arm",
    "Backtest",
    "CatchUp",
    "Categories",
    "CategorizationRun",
    "CategorizationState",
    "Category",
    "CategoryMove",
    "Change",
    "CheckLeadsTo",
    "Compared",
    "ControlRate",
    "Criterion",
    "DecidedBy",
    "DecisionChoice",
    "DecisionComparison",
    "EndedSession",
    "ErrorKind",
    "ErrorTrend",
    "Errors",
    "Event",
    "EventType",
    "Explanation",
    "FailingDelay",
    "Feature",
    "Features",
    "FullStatus",
    "Gate",
    "Guardrail",
    "GuardrailCost",
    "Health",
    "HealthAction",
    "HealthCheck",
    "HealthWarning",
    "HealthyCost",
    "History",
    "HistoryEntry",
    "Job",
    "JobArm",
    "JobError",
    "JobGroup",
    "JobState",
    "Jobs",
    "JobsRecorded",
    "JudgedReports",
    "ListedRepository",
    "MainRepository",
    "MarkKind",
    "Metrics",
    "MissedTrip",
    "MonitorAtWork",
    "MonitorBeat",
    "Moves",
    "OnBreach",
    "Operator",
    "Overview",
    "Phase4",
    "Phase4Repository",
    "Phases",
    "Plan",
    "PlanStep",
    "Postmortem",
    "Preview",
    "ProcessorMetrics",
    "Rate",
    "Reason",
    "RecentRate",
    "Record",
    "ReplayedTrip",
    "Result",
    "RoleDecisions",
    "Setting",
    "Settings",
    "SetupPlan",
    "SetupStep",
    "Simulation",
    "StartOutcome",
    "State",
    "StateName",
    "Stats",
    "Status",
    "StepState",
    "Stop",
    "StopEffect",
    "Strategy",
    "SwitchedOff",
    "Timeline",
    "TrendMark",
    "TrendPoint",
    "Uncategorized",
    "Unit",
    "Verdict",
    "Verification",
    "VerifiedCounters",
    "Watch",
    "Whitelist",
    "WhitelistOutcome",
    "parse",
    "parse_list",
    "parse_what_fits",
]
