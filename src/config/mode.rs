//! Who calls whom to what end? Push, pull, or both (Demers et al., PODC 1987 §1.3).

/// Who begins: those who know, those who do not, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Those who know tell others.
    Push,
    /// Those who do not know ask others.
    Pull,
    /// Both.
    PushPull,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Push, Self::Pull, Self::PushPull];

    /// The name under which it is chosen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Pull => "pull",
            Self::PushPull => "push-pull",
        }
    }

    /// The mode with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }

    /// Whether those who know call.
    #[must_use]
    pub const fn pushes(self) -> bool {
        match self {
            Self::Push | Self::PushPull => true,
            Self::Pull => false,
        }
    }

    /// Whether those call who do not know.
    #[must_use]
    pub const fn pulls(self) -> bool {
        match self {
            Self::Pull | Self::PushPull => true,
            Self::Push => false,
        }
    }
}
