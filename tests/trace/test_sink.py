"""Sinks."""

from __future__ import annotations

from toolkit.trace import End, Fault, Header, MemorySink, NullSink, Step, TeeSink

HEADER = Header(schema=1, protocol="paxos", trace="t", nodes=("n1",))
STEP = Step(index=0, time=0.5, node="n1")
FAULT = Fault(time=0.6, fault="heal")
END = End(reason="quiet", steps=1, time=0.7)


def feed(sink: MemorySink | NullSink | TeeSink) -> None:
    sink.begin(HEADER)
    sink.step(STEP)
    sink.fault(FAULT)
    sink.end(END)


def test_a_memory_sink_keeps_whole_traces() -> None:
    sink = MemorySink()
    feed(sink)
    sink.begin(HEADER)
    first, second = sink.traces
    assert (first.header, first.records, first.end) == (HEADER, [STEP, FAULT], END)
    assert (second.records, second.end) == ([], None)


def test_a_tee_hands_every_record_to_all_that_want_it() -> None:
    alone, one, other = MemorySink(), MemorySink(), MemorySink()
    feed(alone)
    feed(TeeSink(one, NullSink(), other))
    assert one.traces == other.traces == alone.traces


def test_a_tee_wants_something_if_one_of_its_sinks_does() -> None:
    assert not NullSink().enabled
    assert not TeeSink(NullSink(), NullSink()).enabled
    assert TeeSink(NullSink(), MemorySink()).enabled
