import { expect, it } from "vitest";
import type { ScheduleState } from "../../api/schedules";
import { nextOf } from "./next";

const schedule = (name: string, state: ScheduleState["state"], next_at: string | null): ScheduleState => ({
  name, version: "v1", state, principal: "ada", zone: "", since: "2026-01-01T00:00:00Z", next_at, last_at: null, last_run: "", waiting: [], missed: 0, skipped: "",
});

it("shows the soonest fire first, and none of what is paused, has ended or waits", () => {
  const fires = nextOf([
    schedule("late", "ACTIVE", "2026-01-03T00:00:00Z"),
    schedule("paused", "PAUSED", "2026-01-01T00:00:00Z"),
    schedule("soon", "ACTIVE", "2026-01-02T00:00:00Z"),
    schedule("waits", "WAITING", "2026-01-01T00:00:00Z"),
    schedule("over", "ENDED", null),
  ]);
  expect(fires).toEqual([{ name: "soon", at: Date.UTC(2026, 0, 2) * 1_000 }, { name: "late", at: Date.UTC(2026, 0, 3) * 1_000 }]);
});
