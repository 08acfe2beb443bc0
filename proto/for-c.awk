# SPDX-License-Identifier: Apache-2.0
# Makes of a .proto the copy that protoc-c reads; both are the same on the wire.
#
# "optional T name = N;" becomes a oneof of that one field, because protoc-c before 1.5 refuses the word.
# In C, x->opt_NAME_case is then the field's number, or 0 if it is absent.
#
# "package a.long.name; // in C: short" takes the short name, which C puts before every type.
/^package[ \t].*\/\/ in C: / {
	sub(/.*\/\/ in C: */, "")
	print "package " $0 ";"
	next
}
/^[ \t]*optional[ \t]/ {
	match($0, /^[ \t]*/)
	indent = substr($0, 1, RLENGTH)
	rest = substr($0, RLENGTH + 1)
	sub(/^optional[ \t]+/, "", rest)
	split(rest, word, /[ \t=]+/)
	end = index(rest, ";")
	print indent "oneof opt_" word[2] " { " substr(rest, 1, end) " }" substr(rest, end + 1)
	next
}
{ print }
