"""Train with e-prop at the published size: python eprop_long.py sine|evidence, --help for more.

Tasks and parameters after Bellec et al. (2020), doi:10.1038/s41467-020-17236-y, in NEST's models.
The script runs one iteration after the other, so that you can watch it and stop it with Ctrl-C.
"""

import argparse
import os
import time

os.environ["PYNEST_QUIET"] = "1"

import nest
import numpy as np

EPROP = "eprop_synapse_bsshslm_2020"
FEEDBACK = "eprop_learning_signal_connection_bsshslm_2020"
RATE = "rate_connection_delayed"
SILENT = 3  # steps at the start of a trial: the last learning signals are that late
DELAY = 4  # steps from a generator to what the readout records


class Sine:
    """Draw a sum of four sine waves, from frozen noise."""

    inputs, adaptive, readouts = 100, 0, 1
    loss_name, optimizer, eta, average = "mean_squared_error", "gradient_descent", 1e-4, False
    measure = "loss"

    def __init__(self, options, rng):
        self.neuron = {"V_th": 0.03, "tau_m": 30.0, "t_ref": 0.0, "regular_spike_arrival": False}
        self.steps = self.window = options.steps or 1000
        self.batch = options.batch or 1
        self.regular = options.neurons or 100
        self.feedback = self.regular**-0.5
        self.spikes = rng.random((self.inputs, self.steps)) < 0.05
        self.spikes[:, :SILENT] = False
        phase = np.arange(self.steps) / self.steps
        waves = [
            rng.uniform(0.5, 2.0) * np.sin(2 * np.pi * (n * phase + rng.random()))
            for n in (1, 2, 3, 5)
        ]
        self.target = np.sum(waves, axis=0)
        self.target -= self.target[0]
        self.target /= np.abs(self.target).max()

    def trials(self, rng):
        """Input spikes (inputs, all steps), targets (readouts, all steps)."""
        return np.tile(self.spikes, self.batch), np.tile(self.target, (1, self.batch))

    def score(self, readout, target):
        """Half the squared error, summed over a trial; mean of the batch."""
        return 0.5 * np.sum((readout - target) ** 2) / self.batch


class Evidence:
    """Seven cues on two sides; after a delay, turn to the side with more of them."""

    inputs, readouts = 40, 2
    loss_name, optimizer, eta, average = "cross_entropy", "adam", 5e-3, True
    feedback = 1.0
    measure = "error"

    def __init__(self, options, rng):
        self.neuron = {"V_th": 0.6, "tau_m": 20.0, "t_ref": 5.0, "regular_spike_arrival": True}
        self.cues, self.cue, self.spacing, self.window = options.cues, 100, 50, 150
        delay = 1050 if options.steps is None else options.steps
        self.steps = self.cues * (self.cue + self.spacing) + delay + self.window
        self.batch = options.batch or 32
        neurons = options.neurons or 100
        self.adaptive = neurons // 2
        self.regular = neurons - self.adaptive

    def trials(self, rng):
        """Input spikes (inputs, all steps), targets (readouts, all steps)."""
        probability = np.zeros((self.batch, self.inputs, self.steps))
        group = self.inputs // 4
        favoured = rng.integers(2, size=self.batch)
        on_right = rng.random((self.batch, self.cues)) < np.where(favoured, 0.7, 0.3)[:, None]
        for trial in range(self.batch):
            for n, side in enumerate(on_right[trial].astype(int)):
                start = n * (self.cue + self.spacing) + self.spacing
                neurons = slice(side * group, (side + 1) * group)
                probability[trial, neurons, start : start + self.cue] = 0.04
        probability[:, 2 * group : 3 * group, -self.window :] = 0.04
        probability[:, 3 * group :] = 0.01
        probability[:, :, :SILENT] = 0.0
        spikes = rng.random(probability.shape) < probability
        sides = (on_right.sum(axis=1) > self.cues / 2).astype(int)
        targets = np.repeat(np.eye(2)[sides].T, self.steps, axis=1)
        return spikes.swapaxes(0, 1).reshape(self.inputs, -1), targets

    def score(self, readout, target):
        """The fraction of wrong decisions."""
        mean = readout.reshape(2, self.batch, self.steps)[:, :, -self.window :].mean(axis=2)
        sides = target.reshape(2, self.batch, self.steps)[:, :, -1].argmax(axis=0)
        return np.mean(mean.argmax(axis=0) != sides)


class Network:
    """The network for a task; `play` simulates one iteration."""

    def __init__(self, task, options, rng):
        self.task = task
        nest.ResetKernel()
        nest.verbosity = nest.VerbosityLevel.ERROR
        nest.rng_seed = options.seed
        nest.local_num_threads = options.threads
        nest.set(
            resolution=1.0,
            eprop_update_interval=float(task.steps),
            eprop_learning_window=float(task.window),
            eprop_reset_neurons_on_update=True,
        )
        optimizer = {"type": task.optimizer, "batch_size": task.batch}
        optimizer["eta"] = task.eta if options.eta is None else options.eta
        nest.SetDefaults(EPROP, {"optimizer": optimizer, "average_gradient": task.average})

        passive = {"C_m": 1.0, "E_L": 0.0, "V_m": 0.0}
        V_th, tau_m = task.neuron["V_th"], task.neuron["tau_m"]
        neuron = passive | task.neuron | {"c_reg": options.c_reg, "f_target": options.f_target}
        neuron |= {"surrogate_gradient_height": 0.3 / V_th, "surrogate_gradient_width": V_th}
        readout = passive | {"tau_m": tau_m, "loss": task.loss_name, "regular_spike_arrival": False}
        self.generators = nest.Create("spike_generator", task.inputs)
        inputs = nest.Create("parrot_neuron", task.inputs)
        recurrent = nest.Create("eprop_iaf_bsshslm_2020", task.regular, neuron)
        if task.adaptive:
            tau_a = 2000.0
            beta = 1.7 * (1 - np.exp(-1 / tau_a)) / (1 - np.exp(-1 / tau_m))
            neuron |= {"adapt_tau": tau_a, "adapt_beta": beta}
            recurrent += nest.Create("eprop_iaf_adapt_bsshslm_2020", task.adaptive, neuron)
        self.readouts = nest.Create("eprop_readout_bsshslm_2020", task.readouts, readout)
        self.teachers = nest.Create("step_rate_generator", task.readouts)
        self.meter = nest.Create(
            "multimeter",
            params={
                "record_from": ["readout_signal", "target_signal"],
                "interval": 1.0,
                "start": float(DELAY),
            },
        )

        def plastic(pre, post):
            weights = rng.normal(size=(len(post), len(pre))) / np.sqrt(len(pre))
            synapse = {"synapse_model": EPROP, "delay": 1.0, "weight": weights}
            synapse["tau_m_readout"] = tau_m
            nest.Connect(pre, post, {"rule": "all_to_all", "allow_autapses": False}, synapse)

        nest.Connect(self.generators, inputs, "one_to_one", {"delay": 1.0})
        plastic(inputs, recurrent)
        plastic(recurrent, recurrent)
        plastic(recurrent, self.readouts)
        B = task.feedback * rng.normal(size=(len(recurrent), task.readouts))
        signal = {"synapse_model": FEEDBACK, "delay": 1.0, "weight": B}
        nest.Connect(self.readouts, recurrent, "all_to_all", signal)
        rate = {"synapse_model": RATE, "delay": 1.0}
        nest.Connect(self.teachers, self.readouts, "one_to_one", rate | {"receptor_type": 2})
        if task.loss_name == "cross_entropy":
            others = {"rule": "all_to_all", "allow_autapses": False}
            nest.Connect(self.readouts, self.readouts, others, rate | {"receptor_type": 1})
        nest.Connect(self.meter, self.readouts)
        self.carried = np.zeros((task.readouts, DELAY - 1))  # targets still to be played
        self.recorded = np.empty((2, task.readouts, 0))

    def play(self, spikes, targets):
        """Simulate one iteration; what it gives is recorded DELAY steps after its end."""
        now, length = nest.biological_time, targets.shape[1]
        for generator, row in zip(self.generators, spikes, strict=True):
            generator.spike_times = now + 1.0 + np.flatnonzero(row)
        values = np.hstack([self.carried, targets])
        self.carried = values[:, length:]
        times = now + 1.0 + np.arange(length)
        for teacher, row in zip(self.teachers, values, strict=True):
            teacher.set(amplitude_times=times, amplitude_values=row[:length])
        nest.Simulate(length)
        self._collect()

    def finish(self):
        """Simulate what is still under way after the last iteration."""
        times = nest.biological_time + 1.0 + np.arange(DELAY - 1)
        for teacher, row in zip(self.teachers, self.carried, strict=True):
            teacher.set(amplitude_times=times, amplitude_values=row)
        nest.Simulate(DELAY + 1.0)
        self._collect()

    def scores(self):
        """The scores of the iterations that are recorded in full, each told once."""
        length = self.task.batch * self.task.steps
        while self.recorded.shape[2] >= length:
            yield self.task.score(*self.recorded[:, :, :length])
            self.recorded = self.recorded[:, :, length:]

    def _collect(self):
        events = self.meter.events
        new = [
            [events[name][events["senders"] == k] for k in self.readouts.tolist()]
            for name in ("readout_signal", "target_signal")
        ]
        self.recorded = np.concatenate([self.recorded, new], axis=2)
        self.meter.n_events = 0  # they are ours now; memory stays small


def progress(done, wanted, started, task, score):
    """One line, written over and over."""
    left = (time.monotonic() - started) / done * (wanted - done)
    remaining = time.strftime("%H:%M:%S", time.gmtime(left))
    text = f"{task.measure} {score:.3f}" if score is not None else ""
    print(f"\r{done}/{wanted} iterations, {remaining} to go  {text}   ", end="", flush=True)


def arguments(words=None):
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("task", choices=("sine", "evidence"))
    add("--iterations", type=int, default=2000, help="weight updates (default: 2000)")
    add("--seed", type=int, default=1, help="of weights, inputs and targets (default: 1)")
    add("--eta", type=float, help="learning rate (default: 1e-4 for sine, 5e-3 for evidence)")
    add("--neurons", type=int, help="recurrent neurons (default: 100)")
    add("--steps", type=int, help="sine: length (default: 1000); evidence: delay (1050), in ms")
    add("--batch", type=int, help="trials an update (default: 1 for sine, 32 for evidence)")
    add("--cues", type=int, default=7, help="evidence: number of cues, odd (default: 7)")
    add("--c-reg", type=float, default=300.0, help="rate regularisation (default: 300)")
    add("--f-target", type=float, default=10.0, help="target rate, spikes/s (default: 10)")
    add("--threads", type=int, default=1, help="of NEST (default: 1)")
    add("--output", help="write the losses or errors to this text file")
    return parser.parse_args(words)


def main():
    """Train, tell the progress, write the scores."""
    options = arguments()
    rng = np.random.default_rng(options.seed)
    task = (Sine if options.task == "sine" else Evidence)(options, rng)
    network = Network(task, options, rng)
    scores, started = [], time.monotonic()
    try:
        for done in range(1, options.iterations + 1):
            network.play(*task.trials(rng))
            scores += network.scores()
            progress(done, options.iterations, started, task, scores[-1] if scores else None)
    except KeyboardInterrupt:
        print("\nstopped", end="")
    network.finish()
    scores += network.scores()
    tenth = max(1, len(scores) // 10)
    first, last = np.mean(scores[:tenth]), np.mean(scores[-tenth:])
    print(f"\nmean {task.measure}: {first:.3f} in the first tenth, {last:.3f} in the last")
    if options.output:
        np.savetxt(options.output, scores, header=f"{task.measure} of each iteration")
        print(f"written to {options.output}")


if __name__ == "__main__":
    main()
