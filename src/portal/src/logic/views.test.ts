// Saved views, and requests a few at a time.

import { describe, expect, it } from "vitest";
import { eachOf } from "./each";
import { applied, queryOf, readViews, withoutView, withView } from "./views";

describe("saved views", () => {
  const search = (text: string) => new URLSearchParams(text);

  it("keep filters and sorting, and neither the moment nor what is so anyway", () => {
    expect(queryOf(search("at=7&pod=pod-1&q=venue&sort=status&desc=1&foreign=x"))).toBe("q=venue&pod=pod-1&sort=status&desc=1");
    expect(queryOf(search("at=7&sort=name&q="))).toBe("");
  });

  it("take the place of the view before and leave the moment alone", () =>
    expect(applied(search("at=7&q=old&desc=1&sort=owner"), { name: "errors", query: "status=ERROR" }).toString()).toBe("at=7&status=ERROR"));

  it("have one query under each name, by name", () => {
    const two = withView(withView([], { name: "b 10", query: "q=1" }), { name: "b 9", query: "q=2" });
    expect(two.map((view) => view.name)).toEqual(["b 9", "b 10"]);
    expect(withView(two, { name: "b 9", query: "q=3" })).toHaveLength(2);
    expect(withoutView(two, "b 9").map((view) => view.name)).toEqual(["b 10"]);
  });

  it("are read with suspicion", () => {
    expect(readViews(null)).toEqual([]);
    expect(readViews("{nonsense")).toEqual([]);
    expect(readViews('[{"name":"a","query":"q=1","more":1},{"name":3,"query":""},null,"x"]')).toEqual([{ name: "a", query: "q=1" }]);
    // Only what belongs to a view comes out of one, whoever wrote it.
    expect(applied(search(""), { name: "x", query: "at=1&status=ERROR&evil=2" }).toString()).toBe("status=ERROR");
  });
});

describe("many requests", () => {
  it("are a few at a time, and answered in order", async () => {
    let [running, most] = [0, 0];
    const work = async (item: number) => {
      most = Math.max(most, (running += 1));
      await new Promise((resolve) => setTimeout(resolve, 1));
      running -= 1;
      return item * 2;
    };
    expect(await eachOf([1, 2, 3, 4, 5], 2, work)).toEqual([2, 4, 6, 8, 10]);
    expect(most).toBe(2);
    expect(await eachOf([], 2, work)).toEqual([]);
  });
});
