// What Dunlin's programs write: documents, failures in the one form of users.md 1.3, and the proof
// at the end that what was written has arrived.
#pragma once

#include <cstddef>
#include <string>

#include "protocol/object/value.h"
#include "protocol/wire/error.h"

namespace dunlin::cli {

enum class Format { kTable, kJson, kYaml };

// The document in one of the machine formats (REQUIRES: not kTable), with a final newline.
std::string DocumentText(const object::Value& document, Format format);

// Text on stderr for kTable. Otherwise one JSON document on stdout, which is YAML as well.
void PrintError(const wire::ErrorBody& error, Format format);

// Call first. Of the three standard descriptors, those that are closed are opened so that writing
// fails (standard error: goes nowhere). Otherwise the next file or socket would be standard output,
// and a report would be written into a database.
void GuardStandardStreams();

// Call last, with the exit code so far. Flushes standard output; when that or an earlier write
// failed, a success becomes 2 and the reason is said on stderr, unless the reader has just gone
// away, as head(1) does.
int Finish(int code);

// Columns of the terminal that standard output is; 0 when it is none.
size_t TerminalWidth();

}  // namespace dunlin::cli
