/* SPDX-License-Identifier: Apache-2.0 */
/* scenes-views.c - the designed screens of what is no list. */
#include "tests/tui/golden.h"

#include <errno.h>

/* ---- d: a pull ---------------------------------------------------------------------------------------------- */

#define MIB(n) (uint64_t)((n) * 1024 * 1024)
#define SECOND 1000000000ll

static const struct berth_image debian[] = {
	{ .id = "sha256:1", .name = "debian:stable", .repository = "docker.io/library/debian", .tag = "stable",
	  .digest = "sha256:2", .platform = "linux/amd64", .layers = 1,
	  .layer_list = (struct berth_image_layer[]){ { "sha256:a480a496ba95ff", MIB(28.2) } } },
};

static void pull_model(struct fake *f)
{
	f->images.v = debian;
	f->images.n = 1;
}

static void pull_play(struct drive *d)
{
	struct berth_layer layers[] = {
		{ "sha256:a480a496ba95ff", MIB(28.2), 0, BERTH_LAYER_SHARED, 0 },
		{ "sha256:f5ece9c40e2b", MIB(1.2), MIB(1.2), BERTH_LAYER_DONE, 1100 },
		{ "sha256:241e5725184f", MIB(4.5), MIB(4.5), BERTH_LAYER_DONE, 1900 },
		{ "sha256:6832ae83547e", MIB(1.4), MIB(1.4), BERTH_LAYER_DONE, 800 },
		{ "sha256:f9ea2b6c5e8d", MIB(8.1), MIB(8.1), BERTH_LAYER_DONE, 2700 },
		{ "sha256:1d6cf2e1a3cb", MIB(1.3), MIB(1.3), BERTH_LAYER_DONE, 700 },
		{ "sha256:4db87ef10d0d", MIB(110), MIB(47.6), BERTH_LAYER_DOWNLOAD, 0 },
		{ "sha256:979fa3114f7b", MIB(3.1), MIB(2.83), BERTH_LAYER_UNPACK, 0 },
		{ "sha256:2f1d8f0a3c55", 128, 128, BERTH_LAYER_CHECK, 0 },
		{ "sha256:8ec4d5a31b20", 184, 0, BERTH_LAYER_WAITING, 0 },
	};
	struct berth_progress p = {
		.job = "0000000000000007", .verb = "pull", .object = "docker.io/library/postgres:16", .stage = "downloading",
		.done = MIB(77), .total = MIB(130), .rate = MIB(11.2), .digest = "sha256:4ec37d2a07a0ff",
		.platform = "linux/amd64", .layers = layers, .nlayers = 10,
	};

	drive_keys(d, "2 P \"docker.io/library/postgres:16\" Enter Enter");
	drive_later(d, -20 * SECOND);
	fake_progress(d->berth, &p);
	drive_later(d, SECOND);
	layers[6].done = MIB(57.4);
	p.note = "registry asked us to slow down (429), next try in 2 s, 1 of 5";
	fake_progress(d->berth, &p);
}

/* ---- m: the form of a container ----------------------------------------------------------------------------- */

static const struct berth_image alpine[] = {
	{ .id = "sha256:1", .name = "docker.io/library/alpine:3", .repository = "docker.io/library/alpine", .tag = "3",
	  .digest = "sha256:2", .platform = "linux/amd64" },
};

static void form_model(struct fake *f)
{
	static const struct berth_job none[1];

	f->images.v = alpine;
	f->images.n = 1;
	f->jobs.v = none;
	f->jobs.n = 0;
	f->inspect = "{\"Config\":{\"Cmd\":[\"/bin/sh\"]}}";
}

/* ---- n: a login, over the pull that needs it ---------------------------------------------------------------- */

static void login_play(struct drive *d)
{
	static const struct berth_progress p = { .job = "11", .verb = "pull", .object = "registry.acme.io/shop:dev",
						 .stage = "resolving" };

	drive_keys(d, "2 P \"registry.acme.io/shop:dev\" Enter Enter");
	fake_progress(d->berth, &p);
	drive_later(d, 150 * SECOND);
	fake_pull_fails(d->berth, -EACCES, "registry.acme.io: 401 unauthorized for shop:dev");
	drive_settle(d);
}

const struct scene scenes_views[] = {
	{ "n", 24, 80, form_model, login_play, "\"ana\" Tab \"secret\" Tab" },
	{ "m", 24, 80, form_model, NULL, "2 C" },
	{ "d", 24, 80, pull_model, pull_play, NULL },
	{ 0 },
};
