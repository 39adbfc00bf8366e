"""An Optuna study and the place it lies in: opened with the settings it was made with, held, and read with care.

What came of a trial is written with its hash: a damaged file is told, and never gives other numbers.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from headstart.errors import InputError
from headstart.experiments.analysis.metrics import METRICS
from headstart.experiments.tune.settings import TuneSettings
from headstart.experiments.tune.storage import Storage
from headstart.shield import shielded

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial, TrialState

    from headstart.experiments.tune.hold import Hold

Row = dict[str, Any]
SEEN = 2  # seeds of a user's function before the pruner is asked: the median of one says little
OUTCOME = "outcome"  # the user attribute that holds what came of a trial
SEAL = "seal"  # its hash, by which a damaged one is known


def study_name(settings: TuneSettings, spec: str) -> str:
    """The study's name in its storage: scheme, data or function, and metric."""
    if settings.objective is not None:
        return f"headstart tune {spec} on {settings.objective}: {settings.measured.title}"
    return f"headstart tune {spec} on {settings.data}: {METRICS[settings.metric].title}"


class Kept:
    """An Optuna study and the storage it lies in: every look at it goes through `access`.

    Args:
        storage: where it lies; None in this process's memory.
        hold: what says that no other tuning writes to it; None where none can.
    """

    def __init__(self, study: Study, storage: Storage | None = None, hold: Hold | None = None) -> None:
        self.study, self.storage, self.hold = study, storage, hold

    @contextmanager
    def access(self) -> Iterator[Study]:
        """The study, with Ctrl-C held back and whatever happens to the storage told as a `Trouble`."""
        with shielded():
            if self.storage is None:
                yield self.study
                return
            with self.storage.explained():
                if self.hold is not None:
                    self.hold.check(self.study)
                yield self.study

    def ended(self) -> list[FrozenTrial]:
        """The trials that came to an end, in order."""
        with self.access() as study:
            trials = study.get_trials(deepcopy=False, states=_told())
            return [trial for trial in trials if OUTCOME in trial.user_attrs and _is_whole(trial)]


def open_study(
    settings: TuneSettings, spec: str, storage: Storage | None, fingerprint: str = "", hold: Hold | None = None
) -> Kept:
    """The study of one scheme, new or as it was left.

    Raises:
        InputError: Optuna is not installed, or the storage's study has other settings.
        Trouble: the storage cannot be used.
    """
    optuna = need_optuna()
    identity = settings.identity(spec) | {"content of the data": fingerprint}
    with quiet(), shielded(), storage.explained() if storage is not None else nullcontext():
        study: Study = optuna.create_study(
            storage=None if storage is None else storage.optuna(), study_name=study_name(settings, spec),
            load_if_exists=True, direction="maximize" if settings.measured.higher_is_better else "minimize",
            pruner=optuna.pruners.MedianPruner(n_warmup_steps=0 if settings.objective is None else SEEN),
        )  # fmt: skip
        text = study.user_attrs.get("settings")
        stored = None if text is None else dict(json.loads(text))
        if stored is None:
            study.set_user_attr("settings", json.dumps(identity))
    if stored is not None and (others := _differences(stored, identity)):
        raise InputError(
            f"the storage {str(storage)!r} holds a search of {spec} with other settings: {'; '.join(others)}. "
            "Use the same settings to go on with it, or another storage."
        )
    if hold is not None:
        with Kept(study, storage).access():
            hold.take(study)
    return Kept(study, storage, hold)


def _told() -> tuple[TrialState, ...]:
    """The states of trials that came to an end; one that was interrupted is Optuna's FAIL, and nobody's row."""
    from optuna.trial import TrialState

    return (TrialState.COMPLETE, TrialState.PRUNED)


def _is_whole(trial: FrozenTrial) -> bool:
    """True.

    Raises:
        ValueError: the trial does not hold what was written, as in a damaged file.
    """
    outcome = trial.user_attrs[OUTCOME]
    if SEAL in outcome and outcome[SEAL] != seal(outcome, trial.params):
        raise ValueError(f"trial {trial.number} does not hold what was written")
    return True


def seal(outcome: Row, params: dict[str, float]) -> str:
    """The hash of what came of a trial, and of what Optuna believes was tried."""
    text = json.dumps([{name: value for name, value in outcome.items() if name != SEAL}, params], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _differences(stored: Row, now: Row) -> list[str]:
    return [
        f"{name} was {stored.get(name)}, now {now.get(name)}"
        for name in dict.fromkeys([*stored, *now])
        if stored.get(name) != now.get(name)
    ]


def need_optuna() -> Any:
    """Optuna itself.

    Raises:
        InputError: it is not installed.
    """
    try:
        with warnings.catch_warnings():  # in a notebook, of progress bars that nothing here shows
            warnings.simplefilter("ignore")
            import optuna
    except ImportError:
        raise InputError(
            "tuning searches with Optuna, which is not installed. Install it: pip install 'headstart[tune]'."
        ) from None
    return optuna


@contextmanager
def quiet() -> Iterator[None]:
    """Optuna without its log lines and its warnings about what it may change, and as it was afterwards."""
    import optuna

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(verbosity)
