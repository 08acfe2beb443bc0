/* SPDX-License-Identifier: Apache-2.0 */
/* parser.c - takes the stream apart, after the state machine of Paul Williams for the VT500 series.
 *
 * Differences: characters are UTF-8; device control strings, OSC and the other strings are one state, for
 * which str_kind is kept; a byte over 0x7f ends an escape or control sequence without effect. */
#include <endian.h>

#include "vt/vt-priv.h"

enum action {
	A_IGNORE,   /* the byte has no meaning here */
	A_CONTROL,  /* a C0 control, also in the middle of a sequence */
	A_ESC,      /* a sequence begins; what was begun is dropped */
	A_CANCEL,   /* CAN, SUB */
	A_ABORT,    /* no part of the sequence: dropped, and the byte is looked at again */
	A_PREFIX,
	A_INTER,
	A_PARAM,
	A_STEP,     /* only the state changes */
	A_ESC_END,  /* the sequence is whole */
	A_CSI_END,
	A_CSI_DROP, /* as whole as it gets */
	A_STRING,   /* ESC ] P X ^ _ */
};

#define NEXT(action, state) ((action) << 4 | (state))
#define C0(state)                                                                                       \
	[0x00 ... 0x17] = NEXT(A_CONTROL, state), [0x18] = NEXT(A_CANCEL, ST_GROUND),                   \
	[0x19] = NEXT(A_CONTROL, state), [0x1a] = NEXT(A_CANCEL, ST_GROUND), [0x1b] = NEXT(A_ESC, ST_ESC), \
	[0x1c ... 0x1f] = NEXT(A_CONTROL, state), [0x7f] = NEXT(A_IGNORE, state),                       \
	[0x80 ... 0xff] = NEXT(A_ABORT, ST_GROUND)

/* For the states of escape and control sequences: action and next state for each byte. */
static const uint8_t table[ST_COUNT][256] = {
	[ST_ESC] = { C0(ST_ESC),
		     [0x20 ... 0x2f] = NEXT(A_INTER, ST_ESC_INT),
		     [0x30 ... 0x4f] = NEXT(A_ESC_END, ST_GROUND),
		     [0x50] = NEXT(A_STRING, ST_STRING),
		     [0x51 ... 0x57] = NEXT(A_ESC_END, ST_GROUND),
		     [0x58] = NEXT(A_STRING, ST_STRING),
		     [0x59 ... 0x5a] = NEXT(A_ESC_END, ST_GROUND),
		     [0x5b] = NEXT(A_STEP, ST_CSI_ENTRY),
		     [0x5c] = NEXT(A_ESC_END, ST_GROUND),
		     [0x5d ... 0x5f] = NEXT(A_STRING, ST_STRING),
		     [0x60 ... 0x7e] = NEXT(A_ESC_END, ST_GROUND) },
	[ST_ESC_INT] = { C0(ST_ESC_INT),
			 [0x20 ... 0x2f] = NEXT(A_INTER, ST_ESC_INT),
			 [0x30 ... 0x7e] = NEXT(A_ESC_END, ST_GROUND) },
	[ST_CSI_ENTRY] = { C0(ST_CSI_ENTRY),
			   [0x20 ... 0x2f] = NEXT(A_INTER, ST_CSI_INT),
			   [0x30 ... 0x3b] = NEXT(A_PARAM, ST_CSI_PARAM),
			   [0x3c ... 0x3f] = NEXT(A_PREFIX, ST_CSI_PARAM),
			   [0x40 ... 0x7e] = NEXT(A_CSI_END, ST_GROUND) },
	[ST_CSI_PARAM] = { C0(ST_CSI_PARAM),
			   [0x20 ... 0x2f] = NEXT(A_INTER, ST_CSI_INT),
			   [0x30 ... 0x3b] = NEXT(A_PARAM, ST_CSI_PARAM),
			   [0x3c ... 0x3f] = NEXT(A_STEP, ST_CSI_IGNORE),
			   [0x40 ... 0x7e] = NEXT(A_CSI_END, ST_GROUND) },
	[ST_CSI_INT] = { C0(ST_CSI_INT),
			 [0x20 ... 0x2f] = NEXT(A_INTER, ST_CSI_INT),
			 [0x30 ... 0x3f] = NEXT(A_STEP, ST_CSI_IGNORE),
			 [0x40 ... 0x7e] = NEXT(A_CSI_END, ST_GROUND) },
	[ST_CSI_IGNORE] = { C0(ST_CSI_IGNORE),
			    [0x20 ... 0x3f] = NEXT(A_STEP, ST_CSI_IGNORE),
			    [0x40 ... 0x7e] = NEXT(A_CSI_DROP, ST_GROUND) },
};

void vt_parser_reset(struct vt *vt)
{
	vt->state = ST_GROUND;
	vt->nu8 = 0;
	vt->held = 0;
	vt->seq = NULL;
}

static void sequence_clear(struct vt *vt)
{
	vt->prefix = vt->ninter = vt->inter[0] = vt->inter[1] = 0;
	vt->nparams = 0;
	vt->subs = 0;
	vt->seq_len = 0;
}

static void param_byte(struct vt *vt, uint8_t c)
{
	if (c == ';' || c == ':') {
		if (vt->nparams == 0) { /* the first one is empty */
			vt->params[0] = -1;
			vt->nparams = 1;
		}
		if (vt->nparams < PARAMS_MAX) {
			vt->params[vt->nparams] = -1;
			if (c == ':')
				vt->subs |= 1u << vt->nparams;
		}
		vt->nparams++;
		return;
	}
	if (vt->nparams == 0) {
		vt->params[0] = -1;
		vt->nparams = 1;
	}
	if (vt->nparams <= PARAMS_MAX) {
		int32_t *v = &vt->params[vt->nparams - 1];

		*v = MIN(MAX(*v, 0) * 10 + (c - '0'), PARAM_MAX);
	}
}

static void string_begin(struct vt *vt, char kind)
{
	vt->str_kind = kind;
	vt->str_len = vt->str_total = 0;
	vt->str_prev = 0;
	vt->state = ST_STRING;
}

/* A control that is on its own or within a sequence; true: viewers get it. */
static bool control(struct vt *vt, uint8_t c)
{
	if (c == 0x05) /* ENQ asks for the answerback: there is none */
		return false;
	if (c == 0x07)
		return !vt->cb.bell || vt->quiet || vt->cb.bell(vt->arg);
	vt_control(vt, c);
	return true;
}

static void sequence_end(struct vt *vt, const uint8_t *after)
{
	if (vt->verdict == PASS && vt->seq_len <= SEQ_MAX)
		vt_pass_ok(vt);
	else
		vt_pass_cut(vt, after); /* what was rebuilt is out already */
}

/* One byte of an escape or control sequence. Returns where to go on. */
static const uint8_t *sequence_byte(struct vt *vt, const uint8_t *p)
{
	uint8_t next = table[vt->state][*p];

	vt->state = next & 15;
	if (++vt->seq_len > SEQ_MAX && vt->state != ST_GROUND && next >> 4 != A_ESC)
		vt->state = ST_CSI_IGNORE;
	switch ((enum action)(next >> 4)) {
	case A_CONTROL:
		vt->seq_len--;
		vt_pass_control(vt, p, control(vt, *p));
		break;
	case A_IGNORE:
		vt->seq_len--;
		vt_pass_control(vt, p, false);
		break;
	case A_ESC:
		vt_pass_cut(vt, p);
		vt_pass_begin(vt, p);
		sequence_clear(vt);
		break;
	case A_CANCEL:
		vt_pass_cut(vt, p);
		break;
	case A_ABORT:
		vt_pass_cut(vt, p);
		return p;
	case A_PREFIX:
		vt->prefix = *p;
		break;
	case A_INTER:
		if (vt->ninter < sizeof(vt->inter))
			vt->inter[vt->ninter] = *p;
		vt->ninter += vt->ninter <= sizeof(vt->inter);
		break;
	case A_PARAM:
		param_byte(vt, *p);
		break;
	case A_STEP:
		break;
	case A_ESC_END:
		vt_escape(vt, *p);
		sequence_end(vt, p + 1);
		break;
	case A_CSI_END:
		if (vt->seq_len <= SEQ_MAX)
			vt_csi(vt, *p);
		sequence_end(vt, p + 1);
		break;
	case A_CSI_DROP:
		vt_pass_cut(vt, p + 1);
		break;
	case A_STRING:
		vt_pass_cut(vt, p + 1);
		string_begin(vt, *p);
		break;
	}
	return p + 1;
}

/* A control sequence of numbers and semicolons alone, as most are, that lies whole at p, behind its "ESC [".
 * Returns what is after it, NULL when it is none of these, and nothing is changed but the parameters. */
static const uint8_t *simple_sequence(struct vt *vt, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *from = p;
	int n = 0, v = -1;

	for (; p < end && n < PARAMS_MAX - 1; p++) {
		if (*p >= '0' && *p <= '9') {
			v = MIN(MAX(v, 0) * 10 + (*p - '0'), PARAM_MAX);
		} else if (*p == ';') {
			vt->params[n++] = v;
			v = -1;
		} else {
			break;
		}
	}
	if (p == end || *p < 0x40 || *p > 0x7e || p - from > SEQ_MAX / 2)
		return NULL;
	vt->params[n] = v;
	vt->nparams = p > from ? n + 1 : 0;
	vt_csi(vt, *p);
	sequence_end(vt, p + 1);
	return p + 1;
}

/* --- strings */

static void string_store(struct vt *vt, const uint8_t *p, size_t n)
{
	size_t room = vt->limits.string_max - vt->str_len;

	if (n > room) /* too long: it will be dropped, str_total tells */
		n = room;
	memcpy(vt->str + vt->str_len, p, n);
	vt->str_len += n;
}

/* A control, DEL, or the second byte of a C1 control within a string. */
static void string_special(struct vt *vt, uint8_t c)
{
	if (c == 0x1b) {
		vt->state = ST_STRING_ESC;
	} else if (c == 0x18 || c == 0x1a) {
		vt->state = ST_GROUND;
	} else if (c == 0x07 && vt->str_kind == ']') {
		vt->state = ST_GROUND;
		vt_string_end(vt, true);
	} else if (c >= 0x80) {
		if (vt->str_len > 0 && vt->str_len == vt->str_total)
			vt->str_len--; /* the 0xc2 */
		vt->str_total--;
		if (c == 0x9c) {
			vt->state = ST_GROUND;
			vt_string_end(vt, false);
		}
	}
}

static const uint8_t *string_bytes(struct vt *vt, const uint8_t *p, const uint8_t *end)
{
	while (p < end && vt->state == ST_STRING) {
		const uint8_t *from = p;
		uint8_t prev = vt->str_prev;

		while (p < end && *p >= 0x20 && *p != 0x7f && !(prev == 0xc2 && *p < 0xa0 && *p >= 0x80))
			prev = *p++;
		if (vt->str_total < vt->limits.swallow_max && (size_t)(p - from) > vt->limits.swallow_max - vt->str_total)
			p = from + (vt->limits.swallow_max - vt->str_total);
		string_store(vt, from, p - from);
		vt->str_total += p - from;
		vt->str_prev = p > from ? p[-1] : vt->str_prev;
		if (vt->str_total >= vt->limits.swallow_max) {
			vt->state = ST_GROUND;
			break;
		}
		if (p < end) {
			vt->str_prev = 0;
			string_special(vt, *p++);
		}
	}
	vt->mark = p;
	return p;
}

static const uint8_t *string_escape(struct vt *vt, const uint8_t *p)
{
	if (*p == '\\') {
		vt->state = ST_GROUND;
		vt->mark = p + 1;
		vt_string_end(vt, false);
		return p + 1;
	}
	/* The ESC began something else, and the string is dropped. */
	vt_pass_begin(vt, p);
	vt->mark = p;
	vt->hold[0] = 0x1b;
	vt->held = 1;
	sequence_clear(vt);
	vt->state = ST_ESC;
	return p;
}

/* --- text */

/* Length of the printable ASCII at p. */
static size_t text_run(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *from = p;

	while (end - p >= 8) {
		uint64_t v, odd;

		memcpy(&v, p, 8);
		v = le64toh(v);
		/* the lowest flagged byte is right; carries only reach those above it */
		odd = ((v - 0x2020202020202020u) | (v + 0x0101010101010101u) | v) & 0x8080808080808080u;
		if (odd)
			return p - from + __builtin_ctzll(odd) / 8;
		p += 8;
	}
	while (p < end && *p >= 0x20 && *p < 0x7f)
		p++;
	return p - from;
}

/* U+0080..U+009F are the C1 controls, each a short form of ESC and a letter. */
static void c1_control(struct vt *vt, uint32_t cp, const uint8_t *after)
{
	uint8_t c = cp - 0x40;

	sequence_clear(vt);
	if (c == '[') {
		vt->state = ST_CSI_ENTRY;
	} else if (c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_') {
		vt_pass_cut(vt, after);
		string_begin(vt, c);
	} else {
		vt_escape(vt, c);
		sequence_end(vt, after);
	}
}

/* A decoded character; the pass of it was begun. */
static void character(struct vt *vt, uint32_t cp, bool bad, const uint8_t *after)
{
	if (bad) {
		vt_print(vt, UTF8_BAD);
		vt_pass_cut(vt, after);
		vt_pass_bytes(vt, "\xef\xbf\xbd", 3);
	} else if (cp >= 0x80 && cp < 0xa0) {
		c1_control(vt, cp, after);
	} else {
		vt_print(vt, cp);
		vt_pass_ok(vt);
	}
}

/* The next byte of a character that was cut in two. */
static const uint8_t *character_rest(struct vt *vt, const uint8_t *p)
{
	uint32_t cp;
	bool bad;
	int len;

	vt->u8[vt->nu8++] = *p;
	len = vt_utf8_decode(vt->u8, vt->nu8, &cp, &bad);
	if (len == 0)
		return p + 1;
	p += len == vt->nu8; /* else this byte is none of it */
	vt->nu8 = 0;
	character(vt, cp, bad, p);
	return p;
}

static const uint8_t *high_bytes(struct vt *vt, const uint8_t *p, const uint8_t *end)
{
	while (p < end && *p >= 0x80 && vt->state == ST_GROUND) {
		uint32_t cp;
		bool bad;
		int len;

		p = vt_print_utf8(vt, p, end);
		if (p == end || *p < 0x80)
			break;
		len = vt_utf8_decode(p, end - p, &cp, &bad);

		if (len > 0 && !bad && cp >= 0xa0) {
			vt_print(vt, cp);
			p += len;
			continue;
		}
		vt_pass_begin(vt, p);
		if (len == 0) {
			vt->nu8 = end - p;
			memcpy(vt->u8, p, vt->nu8);
			return end;
		}
		p += len;
		character(vt, cp, bad, p);
	}
	return p;
}

static const uint8_t *ground(struct vt *vt, const uint8_t *p, const uint8_t *end)
{
	while (p < end) {
		size_t n = text_run(p, end);

		if (n > 0) {
			vt_print_ascii(vt, p, n);
			p += n;
			if (p == end)
				break;
		}
		if (*p == '\n' || *p == '\r') {
			vt_control(vt, *p++);
		} else if (*p == 0x1b) {
			const uint8_t *after = NULL;

			vt_pass_begin(vt, p);
			sequence_clear(vt);
			if (end - p > 2 && p[1] == '[')
				after = simple_sequence(vt, p + 2, end);
			if (!after) {
				vt->state = ST_ESC;
				return p + 1;
			}
			p = after;
		} else if (*p < 0x20) {
			vt_pass_begin(vt, p);
			if (control(vt, *p++))
				vt_pass_ok(vt);
			else
				vt_pass_cut(vt, p);
		} else if (*p == 0x7f) {
			p++;
		} else {
			return high_bytes(vt, p, end);
		}
	}
	return p;
}

void vt_feed(struct vt *vt, const void *bytes, size_t n)
{
	const uint8_t *p = bytes, *end = p + n;

	if (n == 0)
		return;
	vt->gen++;
	vt->mark = p;
	vt->seq = vt->nu8 > 0 || (vt->state != ST_GROUND && vt->state < ST_STRING) ? p : NULL;
	while (p < end) {
		if (vt->nu8 > 0)
			p = character_rest(vt, p);
		else if (vt->state == ST_GROUND)
			p = ground(vt, p, end);
		else if (vt->state == ST_STRING)
			p = string_bytes(vt, p, end);
		else if (vt->state == ST_STRING_ESC)
			p = string_escape(vt, p);
		else
			p = sequence_byte(vt, p);
	}
	if (vt->state >= ST_STRING)
		vt->mark = end;
	vt_pass_end(vt, end);
}
