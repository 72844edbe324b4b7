"""A NESTML model that was compiled before is not compiled again; any other is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import docker
import pytest
from cloudlab import lab_run
from courseware import course as courses
from docker.models.containers import Container
from running_course import RunningCourse

IMAGE_CACHE = "/tmp/image"
OWN_CACHE = "/home/lab/.local/share/nest-modules/3.10.0/cache"
MODEL = """\
# Words of the model's author.
model kept_neuron:
    state:
        V_m mV = -60 mV
    equations:
        V_m' = -(V_m - E_L) / tau  # It leaks.
    parameters:
        tau ms = 10 ms
        E_L mV = -70 mV
    update:
        integrate_odes()
"""
CHANGED = MODEL.replace("E_L mV = -70 mV", "E_L mV = -80 mV")
OPTIONS = {"module_name": "kept_module"}
GENERATE = """
import os, pathlib, tempfile
from pynestml.frontend.pynestml_frontend import generate_nest_target
folder = pathlib.Path(tempfile.mkdtemp())
(folder / "kept.nestml").write_text({model!r})
try:
    generate_nest_target(str(folder / "kept.nestml"), str(folder / "target"), **{options!r})
finally:
    print("generated:", *sorted(os.listdir(folder / "target")))
"""
SIMULATE = """
import nest
for _ in range(2):
    nest.ResetKernel()
    nest.Install("kept_module")
    neuron = nest.Create("kept_neuron")
    nest.Simulate(10.0)
    print("potential:", neuron.V_m)
"""
TOGETHER = """\
model driven_neuron:
    state:
        V_m mV = -60 mV
    equations:
        V_m' = slope
    parameters:
        slope mV/ms = 1 mV/ms
    input:
        spikes <- spike
    output:
        spike
    update:
        integrate_odes()
    onCondition(V_m >= -55.05 mV):
        V_m = -60 mV
        emit_spike()

model slowing_neuron:
    state:
        x real = 1
    equations:
        x' = -x * x / tau
    parameters:
        tau ms = 10 ms
    update:
        integrate_odes()

model counting_synapse:
    state:
        w real = 0
    input:
        pre_spikes <- spike
        post_spikes <- spike
    output:
        spike
    onReceive(post_spikes):
        w += 1
    onReceive(pre_spikes):
        emit_spike(w)
"""
PAIR = {
    "neuron": "driven_neuron",
    "synapses": {"counting_synapse": {"post_ports": ["post_spikes"]}},
}
SIMULATE_TOGETHER = """
import nest
nest.ResetKernel()
nest.Install("together_module")
slowing = nest.Create("slowing_neuron")
driven = nest.Create("driven_neuron__with_counting_synapse")
source = nest.Create("spike_generator", params={"spike_times": [4.0, 18.0, 33.0]})
parrot = nest.Create("parrot_neuron")
nest.Connect(source, parrot)
nest.Connect(parrot, driven, syn_spec={"synapse_model": "counting_synapse__with_driven_neuron"})
(counting,) = nest.GetConnections(synapse_model="counting_synapse__with_driven_neuron")
for _ in range(4):
    nest.Simulate(10.0)
    print("potential:", slowing.x)
    print("weight:", counting.w)
"""


@pytest.fixture(scope="module")
def lab(running_course: RunningCourse) -> Iterator[Container]:
    """A container that is locked in like a lab, beside a cache as an image brings it."""
    confinement = lab_run.confinement(courses.load(running_course.course).lab)
    image = running_course.settings["image"]
    container = docker.from_env().containers.run(
        image, ["sleep", "infinity"], detach=True, **confinement
    )
    try:
        run(container, "mkdir /tmp/broken && ln -s /bin/false /tmp/broken/cmake")
        generate(container, MODEL, user="root", HOME="/tmp/root")
        yield container
    finally:
        container.remove(force=True, v=True)


def run(lab: Container, command: str, *arguments: str, user: str = "", **environment: str) -> str:
    """What a command of the shell prints, whether it fails or not."""
    environment = {"NEST_MODULE_CACHE": IMAGE_CACHE, **environment}
    command_line = ["bash", "-c", command, "bash", *arguments]
    return lab.exec_run(command_line, user=user, environment=environment).output.decode()


def generate(lab: Container, model: str, options: dict[str, Any] = OPTIONS, **how: str) -> str:
    """What is printed when a model is made a module, by a new kernel, for NEST to run it."""
    code = GENERATE.format(model=model, options=options) + SIMULATE
    return run(lab, 'exec python -c "$1"', code, **how)


def without_compiler(lab: Container, model: str, options: dict[str, Any] = OPTIONS, **how) -> str:
    """The same where a compilation would fail."""
    path = "/tmp/broken:/opt/lab/bin:/usr/local/bin:/usr/bin:/bin"
    return generate(lab, model, options, PATH=path, **how)


def generated(printed: str) -> list[str]:
    """The files that NESTML has generated."""
    (names,) = re.findall(r"^generated:(.*)$", printed, re.MULTILINE)
    return names.split()


def potentials(printed: str) -> list[float]:
    return [float(value) for value in re.findall(r"^potential: (.*)$", printed, re.MULTILINE)]


def leaked(rest: float, times: int = 2) -> Any:
    return pytest.approx([rest + (-60 - rest) * 2.718281828**-1] * times, abs=1e-3)


@pytest.mark.parametrize(
    "model",
    [
        MODEL,
        re.sub(" *#.*", "", MODEL),
        MODEL.replace("\n", "  # Other words.\n\n"),
    ],
    ids=["as it was", "no comments", "other comments"],
)
def test_a_model_of_the_image_is_there_at_once_whatever_its_comments(lab, model):
    printed = without_compiler(lab, model)
    assert generated(printed) == []
    assert "kept_module: compiled before" in printed
    assert potentials(printed) == leaked(-70)


@pytest.mark.parametrize(
    "options",
    [
        {"module_name": "other_module"},
        {"module_name": "kept_module", "suffix": "_other"},
        {"module_name": "kept_module", "codegen_opts": {"numeric_solver": "forward-Euler"}},
    ],
    ids=["name", "suffix", "solver"],
)
def test_with_another_option_it_is_another_module(lab, options):
    printed = without_compiler(lab, MODEL, options)
    assert generated(printed)
    assert "Error occurred during cmake" in printed


def test_options_that_change_nothing_make_no_difference(lab):
    options = {**OPTIONS, "logging_level": "INFO", "codegen_opts": {"max_n_compiler_processes": 1}}
    assert generated(without_compiler(lab, MODEL, options)) == []


def test_models_of_one_module_work_together(lab):
    pairs = {"neuron_synapse_pairs": [PAIR], "weight_variable": {"counting_synapse": "w"}}
    options = {"module_name": "together_module", "codegen_opts": pairs}
    code = GENERATE.format(model=TOGETHER, options=options) + SIMULATE_TOGETHER
    printed = run(lab, 'exec python -c "$1"', code)
    assert potentials(printed) == pytest.approx([1 / 2, 1 / 3, 1 / 4, 1 / 5], abs=1e-6)
    # The neuron fires every 5 ms; spikes of the other side come at 6, 20 and 35 ms.
    assert re.findall(r"^weight: (.*)$", printed, re.MULTILINE) == ["0.0", "3.0", "3.0", "6.0"]


def test_an_error_of_the_compiler_is_shown(lab):
    printed = generate(lab, MODEL.replace("E_L", "M_PI"))
    assert "kept_neuron.cpp:" in printed
    assert "error: " in printed
    assert potentials(printed) == []


def test_a_changed_model_is_compiled_once_even_for_two_kernels_and_kept(lab):
    code = GENERATE.format(model=CHANGED, options=OPTIONS) + SIMULATE
    both = run(lab, 'python -c "$1" >/tmp/one & python -c "$1"; wait; cat /tmp/one', code)
    assert len(re.findall(r"^generated: \S", both, re.MULTILINE)) == 1
    assert both.count("kept_module: compiled before") == 1
    times = re.findall(r"^kept_module: generated in (.*) s, built in (.*) s$", both, re.MULTILINE)
    [(generating, building)] = times
    assert float(generating) > 0 < float(building)
    assert potentials(both) == leaked(-80, times=4)

    again = without_compiler(lab, CHANGED)
    assert generated(again) == []
    assert potentials(again) == leaked(-80)
    assert potentials(without_compiler(lab, MODEL)) == leaked(-70)


def test_nothing_of_the_source_is_kept(lab):
    names = run(lab, f"find {IMAGE_CACHE} {OWN_CACHE} -type f -size +0 -printf '%f %m\\n'")
    assert re.fullmatch(r"([0-9a-f]{40}-[0-9a-f]{40}\.so 644\n)+", names)
    for words in ("Words of", "It leaks", "integrate_odes", "V_m'", "#include"):
        assert run(lab, f'grep -rlF "$1" {IMAGE_CACHE} {OWN_CACHE}', words) == ""


def test_a_damaged_module_is_not_used(lab):
    run(lab, f"cp -r {IMAGE_CACHE} /tmp/damaged; truncate -s -1000 /tmp/damaged/*.so")
    assert generated(without_compiler(lab, MODEL, NEST_MODULE_CACHE="/tmp/damaged"))


def test_a_wrong_model_is_told_and_leaves_nothing(lab):
    for wrong in (MODEL.replace("/ tau", "/ tow"), MODEL.replace("update:", "update")):
        printed = generate(lab, wrong, NEST_MODULES="/tmp/wrong")
        assert "ERROR" in printed
        assert potentials(printed) == []
    assert run(lab, "find /tmp/wrong -name '*.so'") == ""


def test_nestml_says_what_is_wrong_with_the_call(lab):
    options = {**OPTIONS, "suffix": "_other", "codegen_opts": {"no_such_option": 1}}
    printed = without_compiler(lab, MODEL, options)
    assert 'The code generator option "no_such_option" does not exist' in printed
    code = "import sys; from pynestml.frontend.pynestml_frontend import *; "
    assert "InvalidPathException" in run(
        lab, f"python -c '{code}generate_nest_target(\"nowhere\")'"
    )
