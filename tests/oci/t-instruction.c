/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "oci/instruction.h"

static const struct row {
	const char *before, *line, *after; /* after NULL: refused with these words */
	const char *words;
} rows[] = {
	{ "{}", "CMD [\"a\", \"b c\"]", "{\"Cmd\":[\"a\",\"b c\"]}", NULL },
	{ "{\"Cmd\":[\"x\"]}", "cmd echo  \"hi\" ", "{\"Cmd\":[\"/bin/sh\",\"-c\",\"echo  \\\"hi\\\"\"]}",
	  NULL },
	{ "{}", "CMD [\"a\", 1]", "{\"Cmd\":[\"/bin/sh\",\"-c\",\"[\\\"a\\\", 1]\"]}", NULL },
	{ "{}", "ENTRYPOINT [\"/init\"]", "{\"Entrypoint\":[\"/init\"]}", NULL },
	{ "{}", "CMD=[\"a\"]", "{\"Cmd\":[\"a\"]}", NULL },
	{ "{\"Env\":[\"A=1\",\"AB=2\"]}", "ENV A=x B=\"y z\" C='q\\' D=a\\ b",
	  "{\"Env\":[\"A=x\",\"AB=2\",\"B=y z\",\"C=q\\\\\",\"D=a b\"]}", NULL },
	{ "{}", "ENV A the rest of it", "{\"Env\":[\"A=the rest of it\"]}", NULL },
	{ "{}", "ENV A", NULL, "has no value" },
	{ "{}", "ENV A=1 B", NULL, "not written KEY=VALUE" },
	{ "{}", "ENV A=\"1", NULL, "a quote is not closed" },
	{ "{\"Labels\":{\"a\":\"0\"}}", "LABEL a=1 \"b c\"=2", "{\"Labels\":{\"a\":\"1\",\"b c\":\"2\"}}",
	  NULL },
	{ "{}", "EXPOSE 80 53/udp 8000-8001/tcp",
	  "{\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{},\"8000/tcp\":{},\"8001/tcp\":{}}}", NULL },
	{ "{}", "EXPOSE 0", NULL, "is no port" },
	{ "{}", "EXPOSE 90000", NULL, "is no port" },
	{ "{}", "EXPOSE 9-8", NULL, "is no port" },
	{ "{}", "EXPOSE 80/icmp", NULL, "is no port" },
	{ "{}", "USER app:app", "{\"User\":\"app:app\"}", NULL },
	{ "{\"WorkingDir\":\"/a\"}", "WORKDIR /b", "{\"WorkingDir\":\"/b\"}", NULL },
	{ "{\"WorkingDir\":\"/a\"}", "WORKDIR b", "{\"WorkingDir\":\"/a/b\"}", NULL },
	{ "{}", "WORKDIR b", "{\"WorkingDir\":\"/b\"}", NULL },
	{ "{}", "VOLUME /a /b", "{\"Volumes\":{\"/a\":{},\"/b\":{}}}", NULL },
	{ "{\"Volumes\":{\"/a\":{}}}", "VOLUME [\"/b c\"]", "{\"Volumes\":{\"/a\":{},\"/b c\":{}}}", NULL },
	{ "{}", "STOPSIGNAL SIGINT", "{\"StopSignal\":\"SIGINT\"}", NULL },
	{ "{}", "ONBUILD RUN true", "{\"OnBuild\":[\"RUN true\"]}", NULL },
	{ "{}", "ONBUILD ONBUILD RUN true", NULL, "does not take" },
	{ "{}", "HEALTHCHECK NONE", "{\"Healthcheck\":{\"Test\":[\"NONE\"]}}", NULL },
	{ "{}", "HEALTHCHECK --interval=5s --retries=3 CMD curl -f /",
	  "{\"Healthcheck\":{\"Interval\":5000000000,\"Retries\":3,\"Test\":[\"CMD-SHELL\",\"curl -f /\"]}}",
	  NULL },
	{ "{}", "HEALTHCHECK CMD [\"a\"]", "{\"Healthcheck\":{\"Test\":[\"CMD\",\"a\"]}}", NULL },
	{ "{}", "HEALTHCHECK --what=1 CMD a", NULL, "has no option" },
	{ "{}", "HEALTHCHECK a", NULL, "followed by NONE or CMD" },
	{ "{}", "RUN true", NULL, "'RUN' is no instruction" },
	{ "{}", "", NULL, "'' is no instruction" },
	{ "{}", "CMD", NULL, "CMD says nothing" },
	{ "{}", "CMD   ", NULL, "CMD says nothing" },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_JSON cJSON *j = cJSON_Parse(rows[i].before);
		AUTO_FREE char *text = NULL;
		struct err e = { 0 };
		int rc = oci_instruction_apply(j, rows[i].line, &e);

		text = cJSON_PrintUnformatted(j);
		if (rows[i].after && (rc < 0 || strcmp(text, rows[i].after)))
			fail_msg("%s: %s %s", rows[i].line, text, e.text);
		if (!rows[i].after && (rc != -EINVAL || !strstr(e.text, rows[i].words)))
			fail_msg("%s: %d %s", rows[i].line, rc, e.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };

	return cmocka_run_group_tests_name("instructions", tests, NULL, NULL);
}
