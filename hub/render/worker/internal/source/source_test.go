package source

import (
	"archive/tar"
	"bytes"
	"fmt"
	"strings"
	"testing"

	"dunlin-render/internal/fault"
)

func tarOf(t *testing.T, headers ...tar.Header) *bytes.Buffer {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, header := range headers {
		if err := w.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, header.Size)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &out
}

func reg(name string, size int64) tar.Header {
	return tar.Header{Name: name, Typeflag: tar.TypeReg, Size: size, Mode: 0o644}
}

var wide = Limits{Files: 100, Bytes: 1 << 20}

func TestATreeIsReadWithImpliedDirectories(t *testing.T) {
	tree, err := ReadTar(tarOf(t, reg("a/b/c.txt", 3), reg("./a/d.txt", 1), tar.Header{Name: "e/", Typeflag: tar.TypeDir}), wide)
	if err != nil {
		t.Fatal(err)
	}
	v := NewView(tree)
	names, err := v.ReadDir("a")
	if err != nil || strings.Join(names, " ") != "b d.txt" || !v.IsDir("e") || !v.IsDir("") || v.IsDir("a/d.txt") {
		t.Errorf("%v %v", names, err)
	}
	if data, err := v.ReadFile("a/b/c.txt"); err != nil || len(data) != 3 {
		t.Errorf("%q %v", data, err)
	}
}

func TestEntriesThatGitCannotHaveAreRefused(t *testing.T) {
	for name, headers := range map[string][]tar.Header{
		"absolute": {reg("/etc/passwd", 1)}, "dot dot": {reg("a/../../b", 1)}, "twice": {reg("a", 1), reg("./a", 1)},
		"hard link": {{Name: "a", Typeflag: tar.TypeLink, Linkname: "b"}}, "device": {{Name: "a", Typeflag: tar.TypeChar}},
		"fifo": {{Name: "a", Typeflag: tar.TypeFifo}}, "below a file": {reg("a", 1), reg("a/b", 1)},
		"dir below a file":      {reg("a", 1), {Name: "a/b/", Typeflag: tar.TypeDir}},
		"file over a directory": {reg("a/b", 1), reg("a", 1)}, "below a link": {{Name: "a", Typeflag: tar.TypeSymlink, Linkname: "x"}, reg("a/b", 1)},
		"long name": {reg(strings.Repeat("x", 5000), 1)},
	} {
		_, err := ReadTar(tarOf(t, headers...), wide)
		if err == nil || fault.From(err, "", "").Code != fault.SourceTar {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ReadTar(strings.NewReader(strings.Repeat("x", 1024)), wide); fault.From(err, "", "").Code != fault.SourceTar {
		t.Errorf("garbage: %v", err)
	}
	cut := tarOf(t, reg("a", 2000)).Bytes()[:1000]
	if _, err := ReadTar(bytes.NewReader(cut), wide); fault.From(err, "", "").Code != fault.SourceTar {
		t.Errorf("cut: %v", err)
	}
}

func TestTreeLimitsHoldAtTheLimitAndNotOneAbove(t *testing.T) {
	limits := Limits{Files: 2, Bytes: 10}
	if _, err := ReadTar(tarOf(t, reg("a", 4), reg("b", 6)), limits); err != nil {
		t.Error(err)
	}
	for _, headers := range [][]tar.Header{{reg("a", 4), reg("b", 7)}, {reg("a", 1), reg("b", 1), reg("c", 1)}} {
		if _, err := ReadTar(tarOf(t, headers...), limits); err == nil || fault.From(err, "", "").Code != fault.SourceLimit {
			t.Errorf("%v", err)
		}
	}
}

func TestWalkEntersLinkedDirectoriesOnlyWhenAsked(t *testing.T) {
	v := NewView(FromMap(map[string]string{"a/x": "1", "a/l": "->../b", "b/y": "2", "a/f": "->x", "a/dangling": "->none"}))
	list := func(walk func(string, func(string) error) error) string {
		var names []string
		if err := walk("a", func(name string) error { names = append(names, name); return nil }); err != nil {
			return err.Error()
		}
		return strings.Join(names, " ")
	}
	if got := list(v.Walk); got != "a/dangling a/f a/x" {
		t.Error(got)
	}
	if got := list(v.WalkLinked); got != "a/dangling a/f a/l/y a/x" {
		t.Error(got)
	}
	if v.Violation() != nil {
		t.Errorf("walking follows no bad link: %v", v.Violation())
	}
}

func TestPathsOfUsersStayInside(t *testing.T) {
	for _, c := range []struct{ base, name, want string }{{"a/b", "../c", "a/c"}, {"a", "..", ""}, {"", "x/./y", "x/y"}} {
		if got, err := Inside(c.base, c.name); err != nil || got != c.want {
			t.Errorf("%v: %s %v", c, got, err)
		}
	}
	for _, c := range [][2]string{{"a", "../.."}, {"", ".."}, {"a", "/etc"}, {"a", "file:///etc"}, {"a", "../../a/x"}} {
		if got, err := Inside(c[0], c[1]); err == nil {
			t.Errorf("%v became %q", c, got)
		}
	}
}

func TestALongChainOfDirectoriesIsFast(t *testing.T) {
	files := map[string]string{}
	for i := range 2000 {
		files[fmt.Sprintf("d%d/%sf", i, strings.Repeat("x/", 20))] = "1"
	}
	v := NewView(FromMap(files))
	count := 0
	if err := v.Walk("", func(string) error { count++; return nil }); err != nil || count != 2000 {
		t.Errorf("%d %v", count, err)
	}
}
