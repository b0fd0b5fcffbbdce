"""Video and sound, with PyAV (FFmpeg): measured, shown in small, made into voice notes.

FFmpeg never guesses what a file is: it is told the one container that the first bytes name, and so never reads a
playlist or any other list of files.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from io import BytesIO
from typing import Any, BinaryIO, cast

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from wagate.adapters.inspector import images
from wagate.adapters.inspector.jobs import Refused
from wagate.domain.media import VOICE_MIME
from wagate.ports.inspector import Inspected

WAVEFORM = 64
RATE = 48_000
"""Samples a second; Opus knows no other (RFC 7845, 5.1)."""

BIT_RATE = 32_000

_CONTAINERS = {
    "video/mp4": "mov",
    "video/3gpp": "mov",
    "video/quicktime": "mov",
    "video/webm": "matroska",
    "video/x-msvideo": "avi",
    "audio/mp4": "mov",
    "audio/ogg": "ogg",
    VOICE_MIME: "ogg",
    "audio/mpeg": "mp3",
    "audio/aac": "aac",
    "audio/amr": "amr",
    "audio/wav": "wav",
    "audio/flac": "flac",
}
_WINDOW = RATE // 20
_FULL_SCALE = 32_768
_MAX_FRAMES_SKIPPED = 100


def prepare() -> None:
    """Go through the whole of it once: a confined process cannot load anything."""
    silence = BytesIO()
    with av.open(silence, "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE, layout="mono")
        frame = AudioFrame(format="s16", layout="mono", samples=960)
        frame.sample_rate = RATE
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    silence.seek(0)
    voice_note(silence, BytesIO(), "audio/wav")


def inspect(file: BinaryIO, mime: str) -> Inspected:
    """Measure a video or a sound; show a video in small. Raises Refused."""
    with _opened(file, mime) as container:
        duration = _duration_ms(container)
        if container.streams.video and not _is_cover(container.streams.video[0]):
            return _video(container, mime, duration)
        if not container.streams.audio:
            raise Refused("It has neither a picture nor a sound")
        return Inspected(_sound_mime(container.streams.audio[0], mime), duration_ms=duration)


def voice_note(file: BinaryIO, target: BinaryIO, mime: str) -> Inspected:
    """Write the sound of a file as a voice note; one that is one already is copied. Raises Refused."""
    with _opened(file, mime) as container:
        if not container.streams.audio:
            raise Refused("It has no sound")
        stream = container.streams.audio[0]
        peaks = _Peaks()
        if _sound_mime(stream, mime) == VOICE_MIME and stream.channels == 1:
            for frame in _mono(container, stream):
                peaks.add(frame)
            file.seek(0)
            shutil.copyfileobj(file, target)
        else:
            _encode(container, stream, target, peaks)
    if not peaks.samples:
        raise Refused("There is nothing to hear in it")
    return Inspected(VOICE_MIME, duration_ms=round(peaks.samples * 1000 / RATE), waveform=peaks.waveform())


class _Peaks:
    """How loud a sound is, window by window."""

    def __init__(self) -> None:
        self.samples = 0
        self._peaks: list[int] = []

    def add(self, frame: AudioFrame) -> None:
        """Go on with 16-bit mono samples."""
        values = memoryview(frame.planes[0])[: frame.samples * 2].cast("h")
        self.samples += frame.samples
        for start in range(0, len(values), _WINDOW):
            window = values[start : start + _WINDOW]
            self._peaks.append(max(max(window), -min(window)))

    def waveform(self) -> bytes:
        """64 values of 0 to 100, as WhatsApp's clients draw them."""
        count = len(self._peaks)
        bars = []
        for place in range(WAVEFORM):
            start = place * count // WAVEFORM
            stop = max((place + 1) * count // WAVEFORM, start + 1)
            bars.append(max(self._peaks[start:stop], default=0))
        return bytes(min(100, round(bar * 100 / _FULL_SCALE)) for bar in bars)


def _opened(file: BinaryIO, mime: str) -> InputContainer:
    name = _CONTAINERS.get(mime)
    if name is None:
        raise Refused(f"Files of the type {mime} are not read")
    try:
        opened = av.open(file, "r", format=name, metadata_errors="ignore")
    except (av.error.FFmpegError, UnicodeDecodeError):
        raise Refused("The file is damaged") from None
    for stream in opened.streams.video:
        stream.codec_context.thread_count = 1
    for sound in opened.streams.audio:
        sound.codec_context.thread_count = 1
    return opened


def _video(container: InputContainer, mime: str, duration: int | None) -> Inspected:
    stream = container.streams.video[0]
    images.check_size(stream.width, stream.height)
    small = None
    try:
        for number, frame in enumerate(container.decode(stream)):
            images.check_size(frame.width, frame.height)
            if frame.is_corrupt and number < _MAX_FRAMES_SKIPPED:
                continue
            small = images.thumbnail(cast(Any, frame).to_image())
            break
    except av.error.FFmpegError:
        raise Refused("The video is damaged") from None
    return Inspected(mime, stream.width, stream.height, duration_ms=duration, thumbnail=small)


def _is_cover(stream: VideoStream) -> bool:
    """Whether a "video" is the picture of a sound's cover."""
    return stream.codec_context.name in ("mjpeg", "png") and bool(stream.disposition & stream.disposition.attached_pic)


def _sound_mime(stream: AudioStream, mime: str) -> str:
    """The MIME type of a sound, by what its container holds."""
    if mime == "audio/ogg":
        return VOICE_MIME if stream.codec_context.name in ("opus", "libopus") else mime
    return {"video/mp4": "audio/mp4", "video/quicktime": "audio/mp4", "video/3gpp": "audio/mp4"}.get(mime, mime)


def _duration_ms(container: InputContainer) -> int | None:
    return None if container.duration is None else round(container.duration * 1000 / av.time_base)


def _mono(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    """The sound as 16-bit mono samples. Raises Refused."""
    resampler = AudioResampler(format="s16", layout="mono", rate=RATE)
    try:
        for frame in container.decode(stream):
            yield from resampler.resample(frame)
        yield from resampler.resample(None)
    except av.error.FFmpegError:
        raise Refused("The sound is damaged") from None


def _encode(container: InputContainer, stream: AudioStream, target: BinaryIO, peaks: _Peaks) -> None:
    with av.open(target, "w", format="ogg") as written:
        options = {"application": "voip", "vbr": "on"}
        voice = written.add_stream("libopus", rate=RATE, options=options, layout="mono")
        voice.bit_rate = BIT_RATE
        place = 0
        for frame in _mono(container, stream):
            peaks.add(frame)
            frame.pts = place
            place += frame.samples
            written.mux(voice.encode(frame))
        written.mux(voice.encode(None))
