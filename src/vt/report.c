/* SPDX-License-Identifier: Apache-2.0 */
/* report.c - answers to the guest. They go through cb.reply to the guest alone; viewers never see the
 * question. What would tell the guest its title, or anything of the viewer's terminal, is not answered. */
#include "vt/vt-priv.h"

void vt_reply(struct vt *vt, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n;

	if (!vt->cb.reply || vt->quiet)
		return;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	vt->cb.reply(vt->arg, (const uint8_t *)text, MIN((size_t)n, sizeof(text) - 1));
}

void vt_report_da(struct vt *vt)
{
	if (vt_param(vt, 0, 0) == 0)
		vt_reply(vt, "\033[?62;22c"); /* a VT220 with colours */
}

void vt_report_da2(struct vt *vt)
{
	if (vt_param(vt, 0, 0) == 0)
		vt_reply(vt, "\033[>1;300;0c"); /* a VT220 that does what xterm 300 does */
}

void vt_report_da3(struct vt *vt)
{
	if (vt_param(vt, 0, 0) == 0)
		vt_reply(vt, "\033P!|00000000\033\\");
}

static void report_position(struct vt *vt, const char *prefix)
{
	int y = vt->modes & M_OM ? vt->y - vt->top : vt->y;

	vt_reply(vt, "\033[%s%d;%dR", prefix, y + 1, vt->x + 1);
}

void vt_report_status(struct vt *vt)
{
	int what = vt_param(vt, 0, 0);

	if (what == 5)
		vt_reply(vt, "\033[0n");
	else if (what == 6)
		report_position(vt, "");
}

void vt_report_status_private(struct vt *vt)
{
	uint32_t bg = vt_dyn_color(vt, 1);

	switch (vt_param(vt, 0, 0)) {
	case 6:
		report_position(vt, "?");
		break;
	case 15: /* printer: none */
		vt_reply(vt, "\033[?13n");
		break;
	case 25: /* user-defined keys: locked */
		vt_reply(vt, "\033[?21n");
		break;
	case 26: /* keyboard: North American */
		vt_reply(vt, "\033[?27;1;0;0n");
		break;
	case 53:
	case 55: /* locator: none */
		vt_reply(vt, "\033[?53n");
		break;
	case 996: /* dark or light */
		vt_reply(vt, "\033[?997;%dn", (bg >> 16) + (bg >> 8 & 255) + (bg & 255) < 3 * 128 ? 1 : 2);
		break;
	}
}

void vt_report_mode(struct vt *vt)
{
	int mode = vt_param(vt, 0, 0);

	vt_reply(vt, "\033[%d;%d$y", mode, vt_mode_report(vt, false, mode));
}

void vt_report_mode_private(struct vt *vt)
{
	int mode = vt_param(vt, 0, 0);

	vt_reply(vt, "\033[?%d;%d$y", mode, vt_mode_report(vt, true, mode));
}

void vt_report_version(struct vt *vt)
{
	if (vt_param(vt, 0, 0) == 0)
		vt_reply(vt, "\033P>|" PACKAGE_NAME "(" PACKAGE_VERSION ")\033\\");
}

void vt_report_terminal(struct vt *vt)
{
	int what = vt_param(vt, 0, 0);

	if (what < 2)
		vt_reply(vt, "\033[%d;1;1;128;128;1;0x", what + 2);
}

void vt_report_keys(struct vt *vt)
{
	if (vt_param(vt, 0, 0) == 4)
		vt_reply(vt, "\033[>4;%dm", vt->modify_other_keys);
}

void vt_report_kitty(struct vt *vt)
{
	vt_reply(vt, "\033[?%du", vt->s->nkitty ? vt->s->kitty[vt->s->nkitty - 1] : 0);
}

static void title_push(struct vt *vt)
{
	if (vt->ntitles == TITLES_MAX) {
		memmove(vt->titles[0], vt->titles[1], sizeof(vt->titles) - sizeof(vt->titles[0]));
		vt->ntitles--;
	}
	memcpy(vt->titles[vt->ntitles++], vt->title, sizeof(vt->title));
}

/* CSI t: viewers get only what keeps the title; a guest moves, sizes and asks for no window. */
void vt_window(struct vt *vt)
{
	int what = vt_param(vt, 0, 0), which = vt_param(vt, 1, 0);

	vt->verdict = CUT;
	switch (what) {
	case 18:
	case 19:
		vt_reply(vt, "\033[%d;%d;%dt", what - 10, vt->rows, vt->cols);
		break;
	case 22:
		vt->verdict = PASS;
		if (which != 1)
			title_push(vt);
		break;
	case 23:
		vt->verdict = PASS;
		if (which != 1 && vt->ntitles > 0)
			vt_set_title(vt, vt->titles[--vt->ntitles]);
		break;
	}
}

/* --- device control strings: DECRQSS and XTGETTCAP; all others are swallowed */

static void setting(struct vt *vt, const char *what)
{
	char sgr[SGR_BYTES];

	if (!strcmp(what, "m")) {
		vt_sgr_write(vt, &vt->pen, sgr);
		vt_reply(vt, "\033P1$r%s\033\\", sgr + 2);
	} else if (!strcmp(what, "r")) {
		vt_reply(vt, "\033P1$r%d;%dr\033\\", vt->top + 1, vt->bottom + 1);
	} else if (!strcmp(what, " q")) {
		vt_reply(vt, "\033P1$r%d q\033\\", vt->cursor_style * 2 + (vt->modes & M_BLINK ? 1 : 2));
	} else if (!strcmp(what, "\"q")) {
		vt_reply(vt, "\033P1$r%d\"q\033\\", vt->pen.attr & VT_PROTECTED ? 1 : 0);
	} else if (!strcmp(what, "\"p")) {
		vt_reply(vt, "\033P1$r62;1\"p\033\\");
	} else if (!strcmp(what, "t")) {
		vt_reply(vt, "\033P1$r%dt\033\\", MAX(vt->rows, 24));
	} else {
		vt_reply(vt, "\033P0$r\033\\");
	}
}

/* One name in hexadecimal; the list ends at the first that is not known. */
static bool capability(struct vt *vt, const char *hex, size_t n)
{
	static const struct {
		const char *name, *answer; /* both in hexadecimal */
	} list[] = {
		{ "544e", "787465726d2d323536636f6c6f72" }, /* TN: xterm-256color */
		{ "436f", "323536" },                       /* Co: 256 */
		{ "636f6c6f7273", "323536" },               /* colors */
		{ "524742", "382f382f38" },                 /* RGB: 8/8/8 */
	};

	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		if (strlen(list[i].name) == n && !strncasecmp(list[i].name, hex, n)) {
			vt_reply(vt, "\033P1+r%s=%s\033\\", list[i].name, list[i].answer);
			return true;
		}
	vt_reply(vt, "\033P0+r\033\\");
	return false;
}

void vt_dcs(struct vt *vt)
{
	const char *s = vt->str;

	if (!strncmp(s, "$q", 2)) {
		setting(vt, s + 2);
	} else if (!strncmp(s, "+q", 2)) {
		s += 2;
		for (int i = 0; i < PARAMS_MAX; i++) {
			size_t n = strcspn(s, ";");

			if (!capability(vt, s, n) || !s[n])
				break;
			s += n + 1;
		}
	}
}
