/* SPDX-License-Identifier: Apache-2.0 */
/* vt-tool.c - `berth debug vt` as a program of its own, for the tests of the engine. */
#include "cli/debug-vt.h"

int main(int argc, char **argv)
{
	return cli_debug_vt(argc, argv);
}
