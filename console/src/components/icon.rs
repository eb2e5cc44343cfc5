use leptos::prelude::*;

/// The picture of an icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Glyph {
    Overview,
    Collections,
    Roles,
    Jobs,
    Mails,
    Logs,
    Table,
    View,
    Account,
    Plus,
    Minus,
    Search,
    Close,
    Check,
    Trash,
    Pencil,
    Copy,
    Refresh,
    Lock,
    Unlock,
    Up,
    Down,
    Left,
    Right,
    More,
    Menu,
    Sun,
    Moon,
    Screen,
    Warning,
    Info,
    Columns,
    Filter,
    SignOut,
    Play,
    Key,
    Text,
    Number,
    Toggle,
    At,
    Link,
    Calendar,
    Clock,
    List,
    Braces,
    Settings,
    Pin,
    File,
    Relation,
}

impl Glyph {
    /// Strokes on a grid of 16 by 16.
    const fn path(self) -> &'static str {
        match self {
            Self::Overview => "M2 13.500h12M4 11V7.500M8 11V2.500M12 11V5.500",
            Self::Collections => {
                "M2.500 4c0-1.100 2.500-2 5.500-2s5.500.900 5.500 2-2.500 2-5.500 2-5.500-.900-5.500-2zm0 0v8c0 1.100 2.500 2 5.500 2s5.500-.900 5.500-2V4m-11 4c0 1.100 2.500 2 5.500 2s5.500-.900 5.500-2"
            }
            Self::Roles => {
                "M8 1.800 13.500 4v3.800c0 3.200-2.300 5.400-5.500 6.400-3.200-1-5.500-3.200-5.500-6.400V4zM5.800 8l1.600 1.600 2.900-3"
            }
            Self::Jobs | Self::Clock => {
                "M8 14.200A6.200 6.200 0 1 0 8 1.800a6.200 6.200 0 0 0 0 12.400zM8 4.500V8l2.300 1.500"
            }
            Self::Logs => "M2.500 3.500h11M2.500 6.500h7M2.500 9.500h11M2.500 12.500h5",
            Self::Mails => "M2 3.500h12v9H2zM2.300 4 8 8.500 13.700 4",
            Self::Table => "M2 3h12v10H2zM2 6.500h12M6 6.500V13",
            Self::View => {
                "M1.500 8S3.800 3.500 8 3.500 14.500 8 14.500 8 12.200 12.500 8 12.500 1.500 8 1.500 8zM8 9.800a1.800 1.800 0 1 0 0-3.600 1.800 1.800 0 0 0 0 3.600z"
            }
            Self::Account => {
                "M8 8a2.700 2.700 0 1 0 0-5.400A2.700 2.700 0 0 0 8 8zM2.800 14c.600-2.500 2.600-4 5.200-4s4.600 1.500 5.200 4"
            }
            Self::Plus => "M8 3v10M3 8h10",
            Self::Minus => "M5 8h6",
            Self::Search => {
                "M7 11.800a4.800 4.800 0 1 0 0-9.600 4.800 4.800 0 0 0 0 9.600zM10.600 10.600 14 14"
            }
            Self::Close => "m3.800 3.800 8.400 8.400m0-8.400-8.400 8.400",
            Self::Check => "m3 8.500 3.200 3.200L13 4.800",
            Self::Trash => {
                "M2.500 4h11M6 4V2.300h4V4M4 4l.600 9.700h6.800L12 4M6.600 6.700v4.300m2.800-4.300v4.300"
            }
            Self::Pencil => "m3 10.600 7.700-7.700 2.400 2.400L5.400 13H3zM9 4.600 11.400 7",
            Self::Copy => "M5.500 5.500h8v8h-8zM10.500 5.500v-3h-8v8h3",
            Self::Refresh => "M13.500 8a5.500 5.500 0 1 1-1.700-4M13.500 1.800V5h-3.200",
            Self::Lock => "M3.500 7h9v6.500h-9zM5.500 7V5a2.500 2.500 0 0 1 5 0v2",
            Self::Unlock => "M3.500 7h9v6.500h-9zM5.500 7V4.800a2.500 2.500 0 0 1 4.900-.700",
            Self::Up => "m3.500 10 4.500-4.500 4.500 4.500",
            Self::Down => "m3.500 6 4.500 4.500L12.500 6",
            Self::Left => "M10 3.500 5.500 8l4.500 4.500",
            Self::Right => "M6 3.500 10.500 8 6 12.500",
            Self::More => "M3 8h.01M8 8h.01M13 8h.01",
            Self::Menu => "M2.500 4.500h11M2.500 8h11M2.500 11.500h11",
            Self::Sun => {
                "M8 10.800a2.800 2.800 0 1 0 0-5.600 2.800 2.800 0 0 0 0 5.600zM8 1.500v1.300m0 10.400v1.300M1.500 8h1.300m10.400 0h1.300M3.400 3.400l.9.9m7.400 7.400.9.9m0-9.200-.9.9m-7.400 7.400-.9.9"
            }
            Self::Moon => {
                "M13.500 9.600A5.800 5.800 0 0 1 6.400 2.500a5.800 5.800 0 1 0 7.100 7.100z"
            }
            Self::Screen => "M2 3h12v8H2zM5.500 13.500h5",
            Self::Warning => "M8 2.200 14.300 13H1.700zM8 6.300v3.200M8 11.300v.01",
            Self::Info => {
                "M8 14.200A6.200 6.200 0 1 0 8 1.800a6.200 6.200 0 0 0 0 12.400zM8 7.300v3.700M8 5v.01"
            }
            Self::Columns => "M2 3h12v10H2zM6 3v10m4-10v10",
            Self::Filter => "M2 3.500h12M4.500 8h7M6.800 12.500h2.400",
            Self::SignOut => "M6 13.500H2.500v-11H6M10 11l3-3-3-3m3 3H6",
            Self::Play => "m5 3 8 5-8 5z",
            Self::Key => {
                "M5.300 13.200a2.800 2.800 0 1 0 0-5.600 2.800 2.800 0 0 0 0 5.600zM7.300 8.500 13 2.800M10.300 5.500l2 2"
            }
            Self::Text => "M3 3.500h10M8 3.500v9.500M6 13h4",
            Self::Number => "M6.300 2.500 5 13.500m6-11-1.300 11M2.500 6h11.300M2.200 10h11.300",
            Self::Toggle => {
                "M5.500 4h5a4 4 0 0 1 0 8h-5a4 4 0 0 1 0-8zm0 2.300a1.700 1.700 0 1 1 0 3.400 1.700 1.700 0 0 1 0-3.400z"
            }
            Self::At => {
                "M8 10.600a2.600 2.600 0 1 0 0-5.200 2.600 2.600 0 0 0 0 5.200zm2.600-5.200v3.300c0 1 .700 1.800 1.700 1.800s1.900-.900 1.900-2.500A6.200 6.200 0 1 0 11 13.400"
            }
            Self::Link => {
                "M6.600 9.400a2.700 2.700 0 0 0 4 .200l2.200-2.200a2.700 2.700 0 0 0-3.800-3.800l-1 1M9.400 6.600a2.700 2.700 0 0 0-4-.200L3.200 8.600A2.700 2.700 0 0 0 7 12.400l1-1"
            }
            Self::Calendar => {
                "M2.500 3.500h11v10h-11zM2.500 6.800h11M5.300 2v2.500m5.400-2.500v2.500"
            }
            Self::List => "M5.500 4h8M5.500 8h8m-8 4h8M2.500 4h.01M2.500 8h.01m-.01 4h.01",
            Self::Settings => {
                "M2 4.500h6m4 0h2M2 11.500h2m4 0h6M10 6.500a2 2 0 1 0 0-4 2 2 0 0 0 0 4zm-4 7a2 2 0 1 0 0-4 2 2 0 0 0 0 4z"
            }
            Self::Pin => {
                "M8 14.200s4.700-4.200 4.700-7.700a4.700 4.700 0 0 0-9.400 0c0 3.500 4.700 7.700 4.700 7.700zM8 8.200a1.700 1.700 0 1 0 0-3.400 1.700 1.700 0 0 0 0 3.400z"
            }
            Self::Braces => {
                "M6 2.500H5A1.500 1.500 0 0 0 3.500 4v2.500L2.500 8l1 1.500V12A1.500 1.500 0 0 0 5 13.500h1m4-11h1A1.500 1.500 0 0 1 12.500 4v2.500l1 1.500-1 1.500V12a1.500 1.500 0 0 1-1.500 1.500h-1"
            }
            Self::File => "M4 2h5l3 3v9H4zM9 2v3h3",
            Self::Relation => "M2 2.500h5v4H2zm7 7h5v4H9zM4.500 6.500v5H9",
        }
    }
}

/// A small picture beside words, or within a button that has a label.
#[component]
pub(crate) fn Icon(of: Glyph) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
            <path d=of.path() />
        </svg>
    }
}
