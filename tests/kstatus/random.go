package main

import (
	"maps"
	"math/rand/v2"
	"slices"
)

type random struct{ *rand.Rand }

func (r *random) pick(words ...string) string {
	if len(words) == 0 {
		return ""
	}
	return words[r.IntN(len(words))]
}

func (r *random) pickAny(values ...any) any { return values[r.IntN(len(values))] }

// maybe sets the member, but for one time in `one`.
func (r *random) maybe(one int, into map[string]any, name string, value any) {
	if r.IntN(one) != 0 {
		into[name] = value
	}
}

func sorted(types map[string][]string) []string { return slices.Sorted(maps.Keys(types)) }

func merged(a, b map[string][]string) map[string][]string {
	out := map[string][]string{}
	maps.Copy(out, a)
	maps.Copy(out, b)
	return out
}
