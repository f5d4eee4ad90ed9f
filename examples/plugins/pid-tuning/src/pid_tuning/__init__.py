"""A PID controller for lags in series: identify, compare, tune, prove."""

from pid_tuning import programs, rules
from pid_tuning.manifest import MANIFEST
from pid_tuning.outcome import Controller, Outcome, Quality, Verdict
from pid_tuning.params import Params
from pid_tuning.programs import Loop
from pid_tuning.state import Comparing, Identifying, Limit, Proving, State, Tuning
from simulay import CallResult, Pipeline, Report, Request, Results, SimulationFailed, Step, again, log, series


class PidTuning(Pipeline[Params, State, Outcome]):
    """The pipeline."""

    manifest = MANIFEST

    def pre_process(self, request: Request[Params]) -> Step[State]:
        return again(Identifying(), programs.identify(request.params))

    def post_process(self, request: Request[Params], state: State, results: Results) -> Report[Outcome] | Step[State]:
        match state:
            case Identifying():
                return compare(request.params, results)
            case Comparing():
                return tune(request.params, state, results)
            case Tuning():
                return prove(request.params, state, results)
            case Proving():
                return report(request.params, state, results)


def compare(params: Params, results: Results) -> Step[State]:
    """The limit is found: tries the known rules."""
    limit = results.call("identify").json("limit.json", Limit)
    exact = rules.exact_limit(params)
    require_near("the ultimate gain", limit.ultimate_gain, exact.ultimate_gain, 1e-4)
    require_near("the ultimate period", limit.ultimate_period_s, exact.ultimate_period_s, 1e-4)
    known = rules.known_rules(params, limit)
    calls = [programs.evaluate(name, params, limit, controller) for name, controller in known.items()]
    return again(Comparing(limit), *calls)


def tune(params: Params, state: Comparing, results: Results) -> Step[State]:
    """The rules are tried: begins a search with the best of them."""
    known = rules.known_rules(params, state.limit)
    verdicts = [
        Verdict(name, controller, quality_at(controller, result))
        for (name, controller), result in zip(known.items(), results)
    ]
    best = best_of(verdicts, params.sensitivity_limit)
    if best is None or best.quality is None:
        raise SimulationFailed("no known rule leads to a stable loop")
    log.info(f"the search begins with {best.rule}")
    return again(Tuning(state.limit, verdicts, best), programs.tune(params, state.limit, best, best.quality))


def prove(params: Params, state: Tuning, results: Results) -> Step[State]:
    """The controller is tuned: tries it at plants that are off."""
    found = results.call("tune")
    controller, loop = found.json("controller.json", Controller), found.json("loop.json", Loop)
    quality = programs.quality_of(loop)
    if quality is None or loop.load is None or loop.t_s is None:
        raise SimulationFailed("the search ended with an unstable loop: allow more evaluations")
    if quality.sensitivity > 1.01 * params.sensitivity_limit:
        raise SimulationFailed("the search did not reach the sensitivity asked for: allow more evaluations")
    calls = [
        programs.evaluate(name, plant, state.limit, controller) for name, plant in programs.off_plants(params).items()
    ]
    proving = Proving(state.limit, state.rules, state.best, controller, quality, loop.load, loop.t_s)
    return again(proving, *calls)


def report(params: Params, state: Proving, results: Results) -> Report[Outcome]:
    """All is known."""
    loops = [programs.loop_of(result) for result in results]
    peaks = [loop.sensitivity for loop in loops if loop is not None and loop.sensitivity is not None]
    robust = len(peaks) == len(loops)
    exact = rules.exact_limit(params)
    best_error = state.best.quality.load_error_s if state.best.quality else 0.0
    outcome = Outcome(
        ultimate_gain=state.limit.ultimate_gain,
        ultimate_gain_exact=exact.ultimate_gain,
        ultimate_period_s=state.limit.ultimate_period_s,
        ultimate_period_exact_s=exact.ultimate_period_s,
        rules=state.rules,
        best_rule=state.best.rule,
        controller=state.controller,
        quality=state.quality,
        gain_over_best_rule=best_error / state.quality.load_error_s,
        worst_sensitivity=max(peaks) if robust else None,
        robust=robust,
    )
    lines = [series("as identified", "", state.load_response)]
    for name, loop in zip(programs.off_plants(params), loops):
        if loop is not None and loop.load is not None:
            lines.append(series(name, "", loop.load))
    return Report(outcome).plot("After a unit step of the load", series("time", "s", state.t_s), lines)


def quality_at(controller: Controller, result: CallResult) -> Quality | None:
    """How good a rule is; the area after a step of the load must be the one theory gives."""
    loop = programs.loop_of(result)
    if loop is None or loop.load_area_s is None:
        return None
    require_near(f"the load area of {result.name}", loop.load_area_s, rules.load_area_s(controller), 0.02)
    return programs.quality_of(loop)


def best_of(verdicts: list[Verdict], sensitivity_limit: float) -> Verdict | None:
    """The least error within the limit; when none is within it, the least sensitivity."""
    stable = [(verdict.quality, verdict) for verdict in verdicts if verdict.quality is not None]
    within = [pair for pair in stable if pair[0].sensitivity <= sensitivity_limit]
    if within:
        return min(within, key=lambda pair: pair[0].load_error_s)[1]
    return min(stable, key=lambda pair: pair[0].sensitivity)[1] if stable else None


def require_near(what: str, found: float, exact: float, tolerance: float) -> None:
    """Ends the run when a number is not the one theory gives."""
    if abs(found - exact) > tolerance * abs(exact):
        raise SimulationFailed(f"{what} is {found:g}; theory gives {exact:g}")
