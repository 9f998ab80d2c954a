package engine

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/ignore"

	"dunlin-render/internal/fault"
	"dunlin-render/internal/source"
)

// Limits of charts (rules R5 and R6). Helm's own limits (100 MiB, 5 MiB a file) hold as well.
const (
	maxChartDepth     = 16        // charts in charts, and archives in archives
	maxArchiveEntries = 20_000    // of one .tgz
	maxArchiveBytes   = 256 << 20 // unpacked
	maxArchiveRatio   = 200       // unpacked : packed
	archiveRatioFloor = 1 << 20   // below this size the ratio does not matter
)

// loadChart loads a chart directory with its vendored charts, and the charts that its dependencies
// name by `file://` path inside the tree.
func loadChart(view *source.View, dir string, depth int) (*chart.Chart, error) {
	if depth > maxChartDepth {
		return nil, fault.New(fault.RenderFailed, dir, "charts are nested deeper than %d", maxChartDepth)
	}
	if !view.IsFile(path.Join(dir, "Chart.yaml")) {
		return nil, fault.New(fault.RenderMissing, dir, "no Chart.yaml")
	}
	files, err := chartFiles(view, dir)
	if err != nil {
		return nil, err
	}
	loaded, err := loader.LoadFiles(files)
	if err != nil {
		return nil, fault.From(err, fault.RenderFailed, dir)
	}
	return loaded, addDependencies(view, dir, loaded, depth)
}

func chartFiles(view *source.View, dir string) ([]*loader.BufferedFile, error) {
	rules := ignore.Empty()
	if file := path.Join(dir, ignore.HelmIgnore); view.IsFile(file) {
		content, err := view.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if rules, err = ignore.Parse(bytes.NewReader(content)); err != nil {
			return nil, fault.From(err, fault.RenderFailed, file)
		}
	}
	rules.AddDefaults()
	var files []*loader.BufferedFile
	err := view.WalkLinked(dir, func(name string) error {
		relative := strings.TrimPrefix(strings.TrimPrefix(name, dir), "/")
		if ignored(rules, relative) {
			return nil
		}
		if strings.Count("/"+relative, "/charts/") > maxChartDepth {
			return fault.New(fault.RenderFailed, name, "charts are nested deeper than %d", maxChartDepth)
		}
		content, err := view.ReadFile(name)
		if err != nil {
			return err
		}
		if int64(len(content)) > loader.MaxDecompressedFileSize {
			return fault.New(fault.SourceLimit, name, "a chart's file has more than %d bytes", loader.MaxDecompressedFileSize)
		}
		if isArchive(relative) {
			if err := checkArchive(name, content, 0); err != nil {
				return err
			}
		}
		content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
		files = append(files, &loader.BufferedFile{Name: relative, Data: content})
		return nil
	})
	return files, err
}

// ignored asks the rules for the file and for each of its directories.
func ignored(rules *ignore.Rules, relative string) bool {
	for i, c := range relative {
		if c == '/' && rules.Ignore(relative[:i], entryInfo{path.Base(relative[:i]), true}) {
			return true
		}
	}
	return rules.Ignore(relative, entryInfo{path.Base(relative), false})
}

// entryInfo is what the ignore rules ask of a file.
type entryInfo struct {
	name string
	dir  bool
}

func (e entryInfo) Name() string       { return e.name }
func (e entryInfo) IsDir() bool        { return e.dir }
func (e entryInfo) Size() int64        { return 0 }
func (e entryInfo) ModTime() time.Time { return time.Time{} }
func (e entryInfo) Sys() any           { return nil }
func (e entryInfo) Mode() fs.FileMode {
	if e.dir {
		return fs.ModeDir
	}
	return 0
}

// addDependencies loads what charts/ does not hold from `file://` paths; anything else that is
// missing would need the network.
func addDependencies(view *source.View, dir string, loaded *chart.Chart, depth int) error {
	file := path.Join(dir, "Chart.yaml")
	for _, wanted := range loaded.Metadata.Dependencies {
		if wanted == nil || hasDependency(loaded, wanted.Name) {
			continue
		}
		local, isLocal := strings.CutPrefix(wanted.Repository, "file://")
		if !isLocal {
			return fault.New(fault.RenderRemote, file,
				"dependency %s is not in charts/: rendering has no network, so vendor it (helm dependency build) and commit it",
				wanted.Name)
		}
		from, err := source.Inside(dir, local)
		if err != nil {
			return err
		}
		dependency, err := loadChart(view, from, depth+1)
		if err != nil {
			return err
		}
		loaded.AddDependency(dependency)
	}
	return nil
}

func hasDependency(loaded *chart.Chart, name string) bool {
	for _, have := range loaded.Dependencies() {
		if have.Name() == name {
			return true
		}
	}
	return false
}

func isArchive(name string) bool {
	return strings.Contains("/"+name, "/charts/") && path.Ext(name) == ".tgz"
}

// checkArchive unpacks a vendored chart once, without keeping it, before Helm does.
func checkArchive(name string, packed []byte, depth int) error {
	if depth > maxChartDepth {
		return fault.New(fault.RenderFailed, name, "archives are nested deeper than %d", maxChartDepth)
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return fault.New(fault.RenderFailed, name, "not a gzip archive: %v", err)
	}
	bound := int64(max(archiveRatioFloor, min(maxArchiveBytes, maxArchiveRatio*len(packed))))
	limited := &io.LimitedReader{R: unzipped, N: bound + 1}
	reader := tar.NewReader(limited)
	for entries := 0; ; entries++ {
		header, err := reader.Next()
		if limited.N == 0 {
			return fault.New(fault.SourceLimit, name, "unpacks to more than %d bytes", bound)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fault.New(fault.RenderFailed, name, "a damaged chart archive: %v", err)
		}
		if entries == maxArchiveEntries {
			return fault.New(fault.SourceLimit, name, "has more than %d entries", maxArchiveEntries)
		}
		if err := checkEntry(name, header); err != nil {
			return err
		}
		if isArchive(header.Name) {
			inner, err := io.ReadAll(reader)
			if err != nil {
				return fault.New(fault.RenderFailed, name, "a damaged chart archive: %v", err)
			}
			if err := checkArchive(name+"!"+header.Name, inner, depth+1); err != nil {
				return err
			}
		}
	}
}

func checkEntry(archive string, header *tar.Header) error {
	switch header.Typeflag {
	case tar.TypeReg, tar.TypeDir, tar.TypeXGlobalHeader, tar.TypeXHeader:
	default:
		return fault.New(fault.RenderFailed, archive, "holds %q, which is not a regular file", header.Name)
	}
	if path.IsAbs(header.Name) || strings.Contains("/"+header.Name+"/", "/../") {
		return fault.New(fault.RenderPath, archive, "holds the file name %q", header.Name)
	}
	return nil
}
