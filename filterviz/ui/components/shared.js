/* What several components need; it stands before the program of each, see component.py. */

// The event of the document by which the page's feed tells what has changed; its detail holds the items by name.
const NEWS = "filterviz-feed";

// A link below the address of the page, which may end in a name or in a slash.
const below = (link) => (link.startsWith("data:") ? link : location.pathname.replace(/\/?$/, "/") + link);

