/* SPDX-License-Identifier: Apache-2.0 */
/* change.h - instructions of a Dockerfile that change what an image runs and how, applied to its configuration: CMD,
 * ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME, WORKDIR, as `import -c` and `commit -c` take them. No I/O. */
#ifndef BERTH_OCI_CHANGE_H
#define BERTH_OCI_CHANGE_H

#include "base/err.h"
#include "base/json.h"

/* config: the document ({"config": {…}, …}); its "config" is made if it is not there. -EINVAL with words. */
int oci_change_apply(cJSON *config, const char *instruction, struct err *e);

#endif
