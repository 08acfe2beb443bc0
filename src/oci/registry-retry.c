/* SPDX-License-Identifier: Apache-2.0 */
/* registry-retry.c - pauses between tries, and small header fields. */
#include "oci/registry-retry.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "base/auto.h"
#include "base/err.h"
#include "base/json.h"
#include "base/str.h"

uint64_t oci_retry_pause_ms(unsigned n, uint32_t random)
{
	uint64_t full = n > 6 ? 20000 : MIN(500ull << (n ? n - 1 : 0), 20000ull);

	return full / 2 + random % (full / 2 + 1);
}

#define AFTER_MAX_S 1000000000

int64_t oci_retry_after_ms(const char *field, int64_t now)
{
	uint64_t seconds;
	time_t at;

	if (str_parse_u64(field, AFTER_MAX_S, &seconds) == 0)
		return (int64_t)seconds * 1000;
	if (!isalpha((unsigned char)*field))
		return -1;
	at = curl_getdate(field, NULL);
	if (at == -1)
		return -1;
	if (at <= now)
		return 0;
	return at - now < AFTER_MAX_S ? ((int64_t)at - now) * 1000 : (int64_t)AFTER_MAX_S * 1000;
}

bool oci_retry_status(long status)
{
	return status == 408 || status == 425 || status == 429 || status == 500 || status == 502 ||
	       status == 503 || status == 504;
}

/* Digits at *p, which is put behind them. */
static bool number(const char **p, uint64_t *ret)
{
	size_t n = strspn(*p, "0123456789");
	char digits[24];

	if (!n || n >= sizeof digits)
		return false;
	memcpy(digits, *p, n);
	digits[n] = 0;
	*p += n;
	return str_parse_u64(digits, INT64_MAX, ret) == 0;
}

int oci_content_range(const char *field, uint64_t *ret_first, uint64_t *ret_last, uint64_t *ret_total)
{
	uint64_t first, last, total = 0;
	const char *p = field;

	if (strncasecmp(p, "bytes ", 6) != 0)
		return -EINVAL;
	p += 6;
	if (!number(&p, &first) || *p++ != '-' || !number(&p, &last) || *p++ != '/' || last < first)
		return -EINVAL;
	if (strcmp(p, "*") == 0)
		total = 0;
	else if (!number(&p, &total) || *p || total <= last)
		return -EINVAL;
	*ret_first = first;
	*ret_last = last;
	*ret_total = total;
	return 0;
}

int oci_upload_range(const char *field, uint64_t *ret_have)
{
	uint64_t first, last;
	const char *p = field;

	if (strncasecmp(p, "bytes=", 6) == 0)
		p += 6;
	if (!number(&p, &first) || first != 0 || *p++ != '-' || !number(&p, &last) || *p)
		return -EINVAL;
	*ret_have = last ? last + 1 : 0;
	return 0;
}

void oci_reg_error_text(const char *body, size_t len, char *ret, size_t size)
{
	AUTO_JSON cJSON *j = NULL;
	const cJSON *first;
	const char *code, *message;

	ret[0] = 0;
	if (!len || json_parse(body, len, "", &j, NULL) < 0)
		return;
	first = cJSON_GetArrayItem(json_arr(j, "errors"), 0);
	code = json_str(first, "code");
	message = json_str(first, "message");
	if (code || message)
		snprintf(ret, size, "%.60s%s%.160s", code ? code : "", code && message ? ": " : "",
			 message ? message : "");
}

char *oci_link_next(const char *field)
{
	const char *p = field, *end;

	while (p && (p = strchr(p, '<'))) {
		end = strchr(++p, '>');
		if (!end)
			return NULL;
		size_t n = strcspn(end, ",");
		AUTO_FREE char *params = strndup(end, n);
		if (!params)
			return NULL;
		if (strcasestr(params, "rel=\"next\"") || strcasestr(params, "rel=next")) {
			const char *path = p;

			/* an absolute URL counts by its path only: we stay with the server */
			if (strncasecmp(p, "http://", 7) == 0 || strncasecmp(p, "https://", 8) == 0) {
				path = strchr(p, ':') + 3;
				path += strcspn(path, "/>");
			}
			return *path == '/' && path[1] != '/' ? strndup(path, (size_t)(end - path)) : NULL;
		}
		p = end;
	}
	return NULL;
}
