import { describe, expect, test } from "vitest";
import { CROWD, type Flight, FlightPlayer } from "../../src/ui/flight-player.ts";

const flight = (packet: number, cable: number, start: number, arrival: number): Flight => ({ packet, cable, forward: true, start, arrival, family: "arp", copy: false });

describe("by hop", () => {
  test("a cable takes 320 ms, however fast it is", () => {
    const player = new FlightPlayer();
    player.add([flight(1, 0, 1_000, 2_700)]);
    expect(player.play(160).map(({ at }) => at)).toEqual([0.5]);
    expect(player.play(159)).toHaveLength(1);
    expect(player.play(2)).toHaveLength(0);
    expect(player.idle).toBe(true);
  });

  test("a second hop begins 160 ms after the first has arrived", () => {
    const player = new FlightPlayer();
    player.add([flight(1, 0, 0, 1_700), flight(1, 1, 1_700, 3_400)]);
    player.play(320);
    // The next frame starts in the instant of the arrival: it boards at once.
    expect(player.play(1).map(({ flight: f }) => f.cable)).toEqual([1]);
    const later = new FlightPlayer();
    later.add([flight(1, 0, 0, 1_700), flight(1, 1, 2_700, 4_400)]);
    later.play(320);
    expect(later.play(159)).toEqual([]);
    expect(later.play(2).map(({ flight: f }) => f.cable)).toEqual([1]);
  });

  test("a second of silence between two frames is not waited for", () => {
    const player = new FlightPlayer();
    player.add([flight(1, 0, 0, 1_700), flight(2, 0, 1e9, 1e9 + 1_700)]);
    player.play(320 + 160);
    expect(player.play(160).map(({ flight: f }) => f.packet)).toEqual([2]);
  });

  test("copies of a flood fly together", () => {
    const player = new FlightPlayer();
    player.add([flight(2, 1, 100, 1_800), flight(3, 2, 100, 1_800)]);
    expect(player.play(160).map(({ flight: f, at }) => [f.cable, at])).toEqual([[1, 0.5], [2, 0.5]]);
  });

  test("frames that come late and out of order are drawn in the order of their start", () => {
    const player = new FlightPlayer();
    player.add([flight(2, 1, 5_000, 6_700)]);
    player.add([flight(1, 0, 1_000, 2_700)]);
    expect(player.play(10).map(({ flight: f }) => f.packet)).toEqual([1]);
  });

  test("a crowd is counted and not drawn", () => {
    const player = new FlightPlayer();
    player.add(Array.from({ length: CROWD + 50 }, (_, i) => flight(i, i % 3, i * 10, i * 10 + 1_700)));
    const counted = [...player.takeSkipped().values()].reduce((sum, n) => sum + n, 0);
    expect(counted).toBe(50);
    expect(player.play(16).length).toBeLessThanOrEqual(CROWD);
  });
});

describe("by time", () => {
  test("positions are elapsed / delay of the virtual clock", () => {
    const player = new FlightPlayer();
    player.add([flight(1, 0, 1_000, 3_000), flight(2, 1, 2_500, 4_500)]);
    expect(player.underWay(500)).toEqual([]);
    expect(player.underWay(1_500).map(({ at }) => at)).toEqual([0.25]);
    expect(player.underWay(2_750).map(({ at }) => at)).toEqual([0.875, 0.125]);
    expect(player.underWay(5_000)).toEqual([]);
  });
});
