# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += %D%/client.h %D%/server.h %D%/method.h %D%/status.h %D%/drive-uv.h %D%/drive-epoll.h
