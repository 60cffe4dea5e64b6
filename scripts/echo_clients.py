"""Sends random lines over many connections at once and compares every byte that comes back.

usage: echo_clients.py HOST PORT [SEED]
"""

import asyncio
import random
import sys
import time

CONNECTIONS = 100
LINES = 10_000
LONGEST = 3 * 1024
TIME_LIMIT = 120

# Any byte to a printable one.
PRINTABLE = bytes(32 + byte % 95 for byte in range(256))


async def converse(reader, writer, generator):
    """Echoes this connection's share of the lines; returns the number of bytes."""
    total = 0
    for number in range(LINES // CONNECTIONS):
        body = generator.randbytes(generator.randrange(LONGEST))
        line = body.translate(PRINTABLE) + b"\n"
        half = len(line) // 2
        writer.write(line[:half])
        await writer.drain()
        # The other connections take their turn between the halves.
        await asyncio.sleep(0)
        writer.write(line[half:])
        await writer.drain()
        if await reader.readexactly(len(line)) != line:
            raise ValueError(f"line {number} of {len(line)} bytes came back changed")
        total += len(line)
    writer.write_eof()
    if rest := await reader.read():
        raise ValueError(f"{len(rest)} bytes more came back than were sent")
    writer.close()
    await writer.wait_closed()
    return total


async def main(host, port, seed):
    start = time.monotonic()
    connections = await asyncio.gather(
        *(asyncio.open_connection(host, port) for _ in range(CONNECTIONS))
    )
    totals = await asyncio.gather(
        *(
            converse(reader, writer, random.Random(seed + index))
            for index, (reader, writer) in enumerate(connections)
        )
    )
    print(
        f"python: {LINES} lines, {sum(totals)} bytes over {CONNECTIONS} connections"
        f" came back unchanged in {time.monotonic() - start:.1f} s (seed {seed})"
    )


if __name__ == "__main__":
    host, port, *seed = sys.argv[1:]
    seed = int(seed[0]) if seed else random.randrange(2**32)
    try:
        asyncio.run(asyncio.wait_for(main(host, int(port), seed), TIME_LIMIT))
    except (OSError, EOFError, ValueError, TimeoutError) as error:
        sys.exit(f"python: {type(error).__name__}: {error} (seed {seed})")
