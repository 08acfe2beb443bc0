/* SPDX-License-Identifier: Apache-2.0 */
/* status.c - codes, words and time limits of gRPC calls. */
#include "rpc/status.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"

static const char *const names[RPC_NCODES] = {
	[RPC_OK] = "OK",
	[RPC_CANCELLED] = "CANCELLED",
	[RPC_UNKNOWN] = "UNKNOWN",
	[RPC_INVALID_ARGUMENT] = "INVALID_ARGUMENT",
	[RPC_DEADLINE_EXCEEDED] = "DEADLINE_EXCEEDED",
	[RPC_NOT_FOUND] = "NOT_FOUND",
	[RPC_ALREADY_EXISTS] = "ALREADY_EXISTS",
	[RPC_PERMISSION_DENIED] = "PERMISSION_DENIED",
	[RPC_RESOURCE_EXHAUSTED] = "RESOURCE_EXHAUSTED",
	[RPC_FAILED_PRECONDITION] = "FAILED_PRECONDITION",
	[RPC_ABORTED] = "ABORTED",
	[RPC_OUT_OF_RANGE] = "OUT_OF_RANGE",
	[RPC_UNIMPLEMENTED] = "UNIMPLEMENTED",
	[RPC_INTERNAL] = "INTERNAL",
	[RPC_UNAVAILABLE] = "UNAVAILABLE",
	[RPC_DATA_LOSS] = "DATA_LOSS",
	[RPC_UNAUTHENTICATED] = "UNAUTHENTICATED",
};

/* The first row of a code is the errno that it comes back as. */
static const struct {
	enum rpc_code code;
	int err;
} errnos[] = {
	{ RPC_OK, 0 },
	{ RPC_CANCELLED, ECANCELED },
	{ RPC_UNKNOWN, EIO },
	{ RPC_INVALID_ARGUMENT, EINVAL },
	{ RPC_INVALID_ARGUMENT, ENAMETOOLONG },
	{ RPC_INVALID_ARGUMENT, EILSEQ },
	{ RPC_INVALID_ARGUMENT, E2BIG },
	{ RPC_DEADLINE_EXCEEDED, ETIMEDOUT },
	{ RPC_NOT_FOUND, ENOENT },
	{ RPC_NOT_FOUND, ESRCH },
	{ RPC_NOT_FOUND, ENODEV },
	{ RPC_NOT_FOUND, ENXIO },
	{ RPC_ALREADY_EXISTS, EEXIST },
	{ RPC_PERMISSION_DENIED, EACCES },
	{ RPC_PERMISSION_DENIED, EPERM },
	{ RPC_PERMISSION_DENIED, EROFS },
	{ RPC_RESOURCE_EXHAUSTED, ENOSPC },
	{ RPC_RESOURCE_EXHAUSTED, ENOMEM },
	{ RPC_RESOURCE_EXHAUSTED, EDQUOT },
	{ RPC_RESOURCE_EXHAUSTED, EMFILE },
	{ RPC_RESOURCE_EXHAUSTED, ENFILE },
	{ RPC_RESOURCE_EXHAUSTED, ENOBUFS },
	{ RPC_RESOURCE_EXHAUSTED, EFBIG },
	{ RPC_RESOURCE_EXHAUSTED, EMSGSIZE },
	{ RPC_FAILED_PRECONDITION, EBUSY },
	{ RPC_FAILED_PRECONDITION, ENOTEMPTY },
	{ RPC_FAILED_PRECONDITION, ENOTDIR },
	{ RPC_FAILED_PRECONDITION, EISDIR },
	{ RPC_FAILED_PRECONDITION, ETXTBSY },
	{ RPC_FAILED_PRECONDITION, ELOOP },
	{ RPC_FAILED_PRECONDITION, EXDEV },
	{ RPC_ABORTED, EAGAIN },
	{ RPC_ABORTED, EINTR },
	{ RPC_ABORTED, EDEADLK },
	{ RPC_OUT_OF_RANGE, ERANGE },
	{ RPC_OUT_OF_RANGE, EOVERFLOW },
	{ RPC_UNIMPLEMENTED, ENOSYS },
	{ RPC_UNIMPLEMENTED, EOPNOTSUPP },
	{ RPC_UNIMPLEMENTED, ENOTTY },
	{ RPC_INTERNAL, EPROTO },
	{ RPC_UNAVAILABLE, ENOTCONN },
	{ RPC_UNAVAILABLE, ECONNREFUSED },
	{ RPC_UNAVAILABLE, ECONNRESET },
	{ RPC_UNAVAILABLE, ECONNABORTED },
	{ RPC_UNAVAILABLE, EPIPE },
	{ RPC_UNAVAILABLE, ESHUTDOWN },
	{ RPC_UNAVAILABLE, ENETUNREACH },
	{ RPC_UNAVAILABLE, EHOSTUNREACH },
	{ RPC_DATA_LOSS, EBADMSG },
	{ RPC_UNAUTHENTICATED, EKEYREJECTED },
};

const char *rpc_code_name(enum rpc_code code)
{
	return (unsigned)code < RPC_NCODES ? names[code] : "UNKNOWN";
}

int rpc_code_errno(enum rpc_code code)
{
	for (size_t i = 0; i < ARRAY_LEN(errnos); i++)
		if (errnos[i].code == code)
			return -errnos[i].err;
	return -EIO;
}

enum rpc_code rpc_code_of_errno(int rc)
{
	for (size_t i = 0; i < ARRAY_LEN(errnos); i++)
		if (errnos[i].err == (rc < 0 ? -rc : rc))
			return errnos[i].code;
	return RPC_UNKNOWN;
}

enum rpc_code rpc_code_of_http(int status)
{
	switch (status) {
	case 400:
		return RPC_INTERNAL;
	case 401:
		return RPC_UNAUTHENTICATED;
	case 403:
		return RPC_PERMISSION_DENIED;
	case 404:
		return RPC_UNIMPLEMENTED;
	case 429:
	case 502:
	case 503:
	case 504:
		return RPC_UNAVAILABLE;
	default:
		return RPC_UNKNOWN;
	}
}

enum rpc_code rpc_code_of_h2(uint32_t error_code)
{
	switch (error_code) {
	case 0x7: /* REFUSED_STREAM */
		return RPC_UNAVAILABLE;
	case 0x8: /* CANCEL */
		return RPC_CANCELLED;
	case 0xb: /* ENHANCE_YOUR_CALM */
		return RPC_RESOURCE_EXHAUSTED;
	case 0xc: /* INADEQUATE_SECURITY */
		return RPC_PERMISSION_DENIED;
	default:
		return RPC_INTERNAL;
	}
}

int rpc_code_parse(const char *p, size_t n, enum rpc_code *ret)
{
	unsigned v = 0;

	if (n == 0 || n > 9)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -EINVAL;
		v = v * 10 + (unsigned)(p[i] - '0');
	}
	*ret = v < RPC_NCODES ? (enum rpc_code)v : RPC_UNKNOWN;
	return 0;
}

int rpc_message_encode(struct buf *ret, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		int rc = *p < 0x20 || *p > 0x7e || *p == '%' ? buf_addf(ret, "%%%02X", *p)
							     : buf_addc(ret, (char)*p);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int rpc_message_decode(struct buf *ret, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = p[i];
		int rc;

		if (c == '%' && n - i > 2 && hex_digit(p[i + 1]) >= 0 && hex_digit(p[i + 2]) >= 0) {
			c = (char)(hex_digit(p[i + 1]) << 4 | hex_digit(p[i + 2]));
			i += 2;
		}
		rc = buf_addc(ret, c);
		if (rc < 0)
			return rc;
	}
	return 0;
}

#define TIMEOUT_DIGITS 99999999 /* eight of them */

/* Units of grpc-timeout. */
static const struct {
	char unit;
	int64_t ns;
} units[] = {
	{ 'n', 1 },
	{ 'u', 1000 },
	{ 'm', 1000000 },
	{ 'S', 1000000000 },
	{ 'M', 60 * 1000000000ll },
	{ 'H', 3600 * 1000000000ll },
};

void rpc_timeout_format(int64_t timeout_ms, char ret[static RPC_TIMEOUT_MAX])
{
	int64_t v = MAX(timeout_ms, 0);
	char unit = 'm';

	if (v > TIMEOUT_DIGITS) {
		v = v / 1000 + 1;
		unit = 'S';
	}
	if (v > TIMEOUT_DIGITS) {
		v = v / 3600 + 1;
		unit = 'H';
	}
	snprintf(ret, RPC_TIMEOUT_MAX, "%u%c", (unsigned)MIN(v, TIMEOUT_DIGITS), unit);
}

int rpc_timeout_parse(const char *p, size_t n, int64_t *ret_ms)
{
	int64_t v = 0;

	if (n < 2 || n > 9)
		return -EINVAL;
	for (size_t i = 0; i < n - 1; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -EINVAL;
		v = v * 10 + (p[i] - '0');
	}
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (units[i].unit != p[n - 1])
			continue;
		if (units[i].ns >= 1000000)
			*ret_ms = v * (units[i].ns / 1000000);
		else
			*ret_ms = (v * units[i].ns + 999999) / 1000000;
		return 0;
	}
	return -EINVAL;
}
