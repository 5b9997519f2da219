namespace MogaSharp.House.Tests;

/// <summary>Who may use whom: by the project files and by what the compiler put into the assemblies.</summary>
public sealed class ReferenceTests
{
    public static TheoryData<string> Rooms => [.. House.Rooms];

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_room_is_in_the_table(string room) =>
        Assert.True(
            House.MayReference.ContainsKey(room),
            $"MogaSharp.{room} is not in the table of rooms; add it to House.MayReference with the rooms that it may reference."
        );

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_project_references_only_what_it_may(string room) =>
        Assert.All(
            House.References(room),
            other => Assert.True(Allowed(room).Contains(other), $"MogaSharp.{room} must not reference MogaSharp.{other}.")
        );

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_project_does_not_reach_what_it_must_not_by_way_of_others(string room)
    {
        HashSet<string> reached = House.Closure(room, House.References);
        Assert.All(House.NeverReaches.GetValueOrDefault(room, []), never => Assert.DoesNotContain(never, reached));
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public void An_assembly_uses_only_what_its_room_may(string room)
    {
        // What a referenced room itself may use can show in its interface.
        HashSet<string> allowed = House.Closure(room, Allowed);
        AssemblyFacts facts = AssemblyFacts.Read(House.Assembly(room));
        foreach (string other in House.Rooms.Where(other => other != room))
        {
            string name = Path.GetFileNameWithoutExtension(House.Assembly(other));
            Assert.False(facts.References.Contains(name) && !allowed.Contains(other), $"{name} must not be used by MogaSharp.{room}.");
        }
    }

    [Fact]
    public void The_table_itself_keeps_the_nevers()
    {
        foreach ((string room, string[] nevers) in House.NeverReaches)
            Assert.All(nevers, never => Assert.DoesNotContain(never, House.Closure(room, Allowed)));
    }

    private static string[] Allowed(string room) => House.MayReference.GetValueOrDefault(room, []);
}
