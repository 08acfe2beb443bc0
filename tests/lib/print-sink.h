/* SPDX-License-Identifier: Apache-2.0 */
/* print-sink.h - an fs_sink that writes down what it is told, a line a call, and can fail at call n. */
#ifndef BERTH_TESTS_PRINT_SINK_H
#define BERTH_TESTS_PRINT_SINK_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/fs-sink.h"

struct print_sink {
	struct fs_sink sink;
	struct buf text;
	bool quiet; /* checks the calls but writes nothing */
	int fail_at; /* > 0: that call fails with -EIO */
	int calls;
	uint64_t left; /* of the open file */
	bool in_file;
};

void print_sink_init(struct print_sink *s);
void print_sink_finish(struct print_sink *s);

#endif
